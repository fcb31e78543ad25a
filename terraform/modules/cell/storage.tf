# Buckets. They keep no deleted objects and no old versions, so that erased people do not stay in them.
locals {
  # Prefix -> the days after which Cloud Storage deletes objects below it. If several prefixes match, the
  # shortest time counts. All times are below the 30 days within which erasures must be complete.
  # Unreadable data cannot be searched for a person, so it is deleted after 7 days. Events on hold are
  # below `on_hold/`, which has no entry: a sweep deletes them when the hold ends.
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

# The bucket for spill, quarantine, exports, and events of closed partners that are on hold.
resource "google_storage_bucket" "data" {
  #checkov:skip=CKV_GCP_62:audit logs of data access (project.tf) say more, and are in a log bucket of the region
  #checkov:skip=CKV_GCP_78:an old version of an object could contain erased people

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

# `receive` and `load` may only create objects; they cannot read, list, replace or delete any.
resource "google_storage_bucket_iam_member" "data" {
  for_each = { for name, function in local.functions : name => function.bucket if function.bucket != null }

  bucket = google_storage_bucket.data.name
  role   = each.value
  member = google_service_account.this[each.key].member
}

# The bucket for the functions' code.
resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62:audit logs of data access (project.tf) say more, and are in a log bucket of the region
  #checkov:skip=CKV_GCP_78:an object is named by its content, so it is never overwritten

  name                        = "${var.project_id}-${local.prefix}-source"
  location                    = local.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # the repository has all the code
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
