# Buckets. None keeps what was deleted: an erasure is an erasure.
locals {
  # Days by prefix; where several fit, the shortest counts. All less than the 30 days of the erasure
  # promise. Unreadable data cannot be searched for a person, so it is deleted after 7 days. Data on
  # legal hold is below `on_hold/`: a sweep deletes it when the hold ends, so it has no rule here.
  lifecycle_days = {
    "exports/"                    = 1
    "spill/"                      = 28
    "quarantine/"                 = 28
    "quarantine/malformed/"       = 7
    "quarantine/not_json/"        = 7
    "quarantine/event_ambiguous/" = 7
    "quarantine/event_misplaced/" = 7
    "quarantine/too_deep/"        = 7
  }
}

# Spill, quarantine, exports, and what legal holds keep of closed partners.
resource "google_storage_bucket" "data" {
  #checkov:skip=CKV_GCP_62:data-access audit logs (project.tf) tell more, in a log bucket of the region
  #checkov:skip=CKV_GCP_78:an old version would outlive the erasure of the person in it

  name                        = "${var.project_id}-${local.prefix}"
  location                    = local.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  deletion_policy             = "PREVENT"
  labels                      = var.labels

  soft_delete_policy {
    retention_duration_seconds = 0
  }
  dynamic "lifecycle_rule" {
    for_each = local.lifecycle_days
    content {
      action {
        type = "Delete"
      }
      condition {
        age            = lifecycle_rule.value
        matches_prefix = [lifecycle_rule.key]
      }
    }
  }
  dynamic "encryption" {
    for_each = local.kms_keys
    content {
      default_kms_key_name = encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Who takes events in may only create objects: it can neither read, list, replace nor delete any.
resource "google_storage_bucket_iam_member" "data" {
  for_each = { for name, function in local.functions : name => function.bucket if function.bucket != null }

  bucket = google_storage_bucket.data.name
  role   = each.value
  member = google_service_account.this[each.key].member
}

# The functions' source.
resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62:data-access audit logs (project.tf) tell more, in a log bucket of the region
  #checkov:skip=CKV_GCP_78:objects are named by their content and never overwritten

  name                        = "${var.project_id}-${local.prefix}-source"
  location                    = local.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # the repository has it all
  labels                      = var.labels

  soft_delete_policy {
    retention_duration_seconds = 0
  }
  dynamic "encryption" {
    for_each = local.kms_keys
    content {
      default_kms_key_name = encryption.value
    }
  }
}
