# One account per function, one to build them, and one for each service that calls.
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

# Building: read the source, push the image, write the log.
resource "google_storage_bucket_iam_member" "build_source" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.this["build"].member
}

# Cloud Functions copies the zip to a bucket of its own, which exists from the first build on. A key
# of the cell's own adds a digest of the key to the bucket's name.
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

# This role exists on projects only.
resource "google_project_iam_member" "build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.this["build"].member
}

# Running queries: a role that exists on projects only. What is read is decided by the datasets.
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

# Grants take a while to be true everywhere, those that an upgrade adds as well: a new one makes the
# wait again. Names alone tell that, for they are known in every plan; nothing takes a value from here.
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
