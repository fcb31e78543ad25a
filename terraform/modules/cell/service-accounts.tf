# The service accounts: one for each function, one for building them, and one for each Google service that
# calls functions.
locals {
  accounts = merge(
    { for name in keys(local.functions) : name => "The ${name} function of the cell ${var.name}" },
    {
      build     = "Builds the functions of the cell ${var.name}"
      push      = "Pub/Sub calls functions of the cell ${var.name}"
      scheduler = "Cloud Scheduler calls the cell ${var.name}"
    },
    length(var.subscriptions) == 0 ? {} : {
      partners = "Pub/Sub calls partners' back ends from the cell ${var.name}; it may do nothing else"
    },
  )
}

resource "google_service_account" "this" {
  for_each = local.accounts

  account_id   = "${local.prefix}-${each.key}"
  display_name = each.value
}

# The permissions of the build account: read the code, write images, write logs.
resource "google_storage_bucket_iam_member" "build_source" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.this["build"].member
}

# Cloud Functions copies the zip to a bucket of its own, which it creates at the first build. So the role is
# granted on the project, with a condition on the bucket's name. If the cell has a key of its own, the
# name ends with a hyphen and a digest of the key.
locals {
  staging_bucket = "projects/_/buckets/gcf-v2-sources-${var.project_number}-${local.region}"
}

resource "google_project_iam_member" "build_staging" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.this["build"].member

  condition {
    title = "the-build-staging-bucket-of-${local.region}"
    expression = join(" || ", [
      "resource.name == \"${local.staging_bucket}\"",
      "resource.name.startsWith(\"${local.staging_bucket}/\")",
      "resource.name.startsWith(\"${local.staging_bucket}-\")",
    ])
  }
}

resource "google_artifact_registry_repository_iam_member" "build_images" {
  repository = google_artifact_registry_repository.images.name
  location   = local.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.this["build"].member
}

# The role to write logs exists on projects only.
resource "google_project_iam_member" "build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.this["build"].member
}

# Lets functions run queries; this role exists on projects only. The datasets and tables decide what a
# function may read.
resource "google_project_iam_member" "function_jobs" {
  for_each = toset([for name, function in local.functions : name if function.queries])

  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.this[each.key].member
}

locals {
  grants_of_functions = [
    for name, function in local.functions : {
      function   = name
      publishes  = sort(function.publishes)
      subscribes = sort(function.subscribes)
      bucket     = function.bucket
      appends    = sort(function.appends)
      tables     = sort(function.tables)
      reads      = sort(function.reads)
      views      = function.views
      queries    = function.queries
      adds       = sort(function.adds)
      secrets    = sort(values(function.secrets))
    }
  ]
}

# Waits until new grants work everywhere, before functions use them. If an upgrade adds a grant, the wait
# happens again. `triggers` has only names, which every plan knows. No other resource uses a value of this
# one, so a repeated wait replaces nothing.
resource "time_sleep" "permissions" {
  create_duration = "60s"
  triggers        = { grants = sha256(jsonencode(local.grants_of_functions)), reservation = local.reservation }

  depends_on = [
    google_bigquery_table_iam_member.append,
    google_artifact_registry_repository_iam_member.build_images,
    google_bigquery_dataset.bi,
    google_bigquery_table_iam_member.function,
    google_bigquery_table_iam_member.reader,
    google_project_iam_member.build_logs,
    google_project_iam_member.build_staging,
    google_project_iam_member.function_jobs,
    google_project_iam_member.reserve,
    google_pubsub_topic_iam_member.publisher,
    google_pubsub_subscription_iam_member.function,
    google_pubsub_topic_iam_member.inspector,
    google_secret_manager_secret_iam_member.adder,
    google_secret_manager_secret_iam_member.function,
    google_secret_manager_secret_iam_member.inspector,
    google_storage_bucket_iam_member.build_source,
    google_storage_bucket_iam_member.data,
    google_storage_bucket_iam_member.inspector,
  ]
}
