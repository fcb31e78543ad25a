# Who may call the privacy function: IAM lets them in, the secret says whose matter which projects are.

locals {
  callers = setunion(var.callers.everything, keys(var.callers.some))
}

resource "google_cloud_run_v2_service_iam_member" "callers" {
  for_each = local.callers

  name     = google_cloudfunctions2_function.this["privacy"].name
  location = local.region
  role     = "roles/run.invoker"
  member   = "${endswith(each.key, ".gserviceaccount.com") ? "serviceAccount" : "user"}:${each.key}"

  # Each project is a condition of its own on the bucket.
  lifecycle {
    precondition {
      condition     = contains(var.callers.everything, each.key) || length(lookup(var.callers.some, each.key, [])) <= 20
      error_message = "${each.key} is named in the privacy_callers of ${length(lookup(var.callers.some, each.key, []))} projects of the cell ${var.name}; Google allows 20 conditional grants of a role to one identity. Use a second identity, or name it in the cell's own privacy_callers if all projects of the cell are its matter."
    }
  }
}

# Who may have somebody's data exported may fetch the export: by its name, for nobody may list others'.
# The partner is part of it, so who takes over a project's name cannot fetch the former one's exports.
# IAM takes 20 conditional grants of a role for each member, and 12 operators in each condition.
resource "google_storage_bucket_iam_member" "exports" {
  for_each = merge(
    { for identity in var.callers.everything : identity => { identity = identity, folders = ["exports/"] } },
    merge([
      for identity, projects in var.callers.some : {
        for index, part in chunklist(sort(projects), 13) :
        "${identity}/${index}" => { identity = identity, folders = [for project in part : "exports/${var.callers.owners[project]}/${project}/"] }
      } if !contains(var.callers.everything, identity)
    ]...),
  )

  bucket = google_storage_bucket.data.name
  role   = "roles/storage.objectViewer"
  member = "${endswith(each.value.identity, ".gserviceaccount.com") ? "serviceAccount" : "user"}:${each.value.identity}"

  condition {
    title = "its-exports"
    expression = join(" || ", [
      for folder in each.value.folders :
      "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.data.name}/objects/${folder}\")"
    ])
  }
}

# As functions/secrets/permissions.py reads it, at every request.
resource "google_secret_manager_secret_version" "callers" {
  secret                 = google_secret_manager_secret.this["callers"].id
  secret_data_wo_version = parseint(substr(sha256(jsonencode(var.callers)), 0, 12), 16)
  secret_data_wo         = jsonencode(var.callers)

  lifecycle {
    create_before_destroy = true

    # An address may have letters of several bytes; base64 counts bytes: 87380 are 65535 of them.
    precondition {
      condition     = length(base64encode(jsonencode(var.callers))) <= 87380
      error_message = "Too many privacy_callers in the cell ${var.name}: a secret holds 64 KiB, and each has its address and its projects in it. Make another cell in the same region and pin projects to it (terraform/README.md, \"How much fits\")."
    }
  }
}

# The residency report asks where each of these is; it reads no row, object, message or value.
locals {
  # By name: a dataset itself would refer to the function's account, and so to the function.
  parts = {
    topics   = [for topic in google_pubsub_topic.this : "projects/${var.project_id}/topics/${topic.name}"]
    secrets  = [for secret in google_secret_manager_secret.this : "projects/${var.project_id}/secrets/${secret.secret_id}"]
    buckets  = [google_storage_bucket.data.name, google_storage_bucket.source.name]
    datasets = { store = local.store_id, bi = local.bi_id, partners = local.partner_datasets }
  }
}

resource "google_pubsub_topic_iam_member" "inspector" {
  for_each = google_pubsub_topic.this

  topic  = each.value.id
  role   = "roles/pubsub.viewer"
  member = google_service_account.this["privacy"].member
}

resource "google_storage_bucket_iam_member" "inspector" {
  for_each = { data = google_storage_bucket.data.name, source = google_storage_bucket.source.name }

  bucket = each.value
  role   = "roles/storage.legacyBucketReader"
  member = google_service_account.this["privacy"].member
}

resource "google_secret_manager_secret_iam_member" "inspector" {
  for_each = google_secret_manager_secret.this

  secret_id = each.value.secret_id
  role      = "roles/secretmanager.viewer"
  member    = google_service_account.this["privacy"].member
}
