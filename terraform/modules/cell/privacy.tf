# People and service accounts that may call the function `privacy`. IAM lets them call the function, and the
# secret `callers` says for which projects each of them may act.

locals {
  callers = setunion(var.callers.everything, keys(var.callers.some))
}

resource "google_cloud_run_v2_service_iam_member" "callers" {
  for_each = local.callers

  name     = google_cloudfunctions2_function.this["privacy"].name
  location = local.region
  role     = "roles/run.invoker"
  member   = "${endswith(each.key, ".gserviceaccount.com") ? "serviceAccount" : "user"}:${each.key}"

  # Google allows one identity at most 20 conditional grants of a role. With at most 20 projects, an
  # identity stays below this limit.
  lifecycle {
    precondition {
      condition     = contains(var.callers.everything, each.key) || length(lookup(var.callers.some, each.key, [])) <= 20
      error_message = "${each.key} is in privacy_callers for ${length(lookup(var.callers.some, each.key, []))} projects of the cell ${var.name}, but at most 20 are allowed. Use a second identity. Or add this one to privacy_callers of the cell, if it may act for all projects of the cell."
    }
  }
}

# Lets callers fetch the exports of their own projects. They must know an export's name, because they may
# not list objects. The name contains the partner: if a project's name passes to another partner, this
# partner's callers cannot fetch the former partner's exports. IAM allows 12 operators in a condition, so
# each condition names at most 13 projects.
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

# The secret that functions/secrets/permissions.py reads at every request.
resource "google_secret_manager_secret_version" "callers" {
  secret                 = google_secret_manager_secret.this["callers"].id
  secret_data_wo_version = parseint(substr(sha256(jsonencode(var.callers)), 0, 12), 16)
  secret_data_wo         = jsonencode(var.callers)

  lifecycle {
    create_before_destroy = true

    # A secret has at most 65536 bytes. Terraform's `length` counts characters, and a character may have
    # several bytes. base64 has only characters of one byte: 65535 bytes become 87380 of them.
    precondition {
      condition     = length(base64encode(jsonencode(var.callers))) <= 87380
      error_message = "Too many privacy_callers in the cell ${var.name}: their addresses and projects must fit into a secret of 64 KiB. Create another cell in the same region, and pin projects to it (terraform/README.md, \"How much fits\")."
    }
  }
}

# The resources whose locations the residency report reads. The roles below do not let it read rows,
# objects, messages or values of secrets.
locals {
  # Datasets are listed by name. A reference to a dataset would also refer to the function, whose account is
  # in the dataset's access, and that would be a circle.
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
