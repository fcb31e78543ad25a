# The functions. Each has an entry in `functions`; all of them are built from the same zip.
locals {
  statement_bytes = floor(var.settings.statement_tib * pow(2, 40))

  # Each function has one CPU, because Google allows a `concurrency` above 1 only with a whole CPU, and
  # because the code runs in one process (asyncio). These members say what a function's account may do:
  # publishes   publish to these topics
  # subscribes  pull from these subscriptions
  # bucket      use the data bucket with this role
  # appends     append rows to these tables of the store, without deleting any
  # tables      read and change the rows of these tables of the store
  # reads       read these tables of the store
  # views       read all views of the cell
  # queries     run queries
  # secrets     read these secrets; the keys are the paths at which they are mounted
  # adds        add versions to these secrets
  #
  # `invokers` are groups that may call the function, in addition to Pub/Sub and Cloud Scheduler.
  functions = {
    receive = {
      description = "Publishes webhooks to Pub/Sub. The chat product calls it."
      ingress     = "ALLOW_ALL"
      concurrency = 250
      memory      = "1Gi" # for five times MAX_WAITING_BYTES at most, and for the libraries
      timeout     = 60
      max         = 20
      publishes   = ["events"]
      subscribes  = []
      bucket      = "roles/storage.objectCreator"
      appends     = []
      tables      = []
      reads       = []
      views       = false
      queries     = false
      adds        = []
      invokers    = []
      environment = {
        CELL             = var.name
        GCP_PROJECT      = var.project_id
        EVENTS_TOPIC     = "projects/${var.project_id}/topics/${google_pubsub_topic.this["events"].name}"
        PUBSUB_ENDPOINT  = local.pubsub_endpoint
        STORAGE_ENDPOINT = local.storage_endpoint
        BUCKET           = google_storage_bucket.data.name
        PARTNERS_FILE    = "/secrets/partners/partners.json"
        CLOSED_FILE      = "/secrets/closed/closed.json"
      }
      secrets = { "/secrets/closed" = "closed", "/secrets/partners" = "partners" }
    }
    load = {
      description = "Stores events in BigQuery. Pub/Sub calls it."
      ingress     = "ALLOW_INTERNAL_ONLY" # Pub/Sub of the same project counts as internal
      concurrency = 250
      memory      = "1Gi" # as for receive
      timeout     = local.ack_deadline_seconds
      max         = 20
      publishes   = []
      subscribes  = []
      bucket      = "roles/storage.objectCreator"
      appends     = ["events_v1", "identities_v1", "late_days_v1", "room_events_v1"]
      tables      = []
      reads       = []
      views       = false
      queries     = false # the Storage Write API needs no query
      adds        = []
      invokers    = []
      environment = {
        CELL                    = var.name
        GCP_PROJECT             = var.project_id
        BIGQUERY_WRITE_ENDPOINT = local.bigquery_write_endpoint
        STORE_DATASET           = "projects/${var.project_id}/datasets/${local.store_id}"
        PSEUDONYM_KEYS          = "/secrets/pseudonym"
        CLOSED_FILE             = "/secrets/closed/closed.json"
        STORAGE_ENDPOINT        = local.storage_endpoint
        BUCKET                  = google_storage_bucket.data.name
      }
      secrets = { "/secrets/closed" = "closed", "/secrets/pseudonym" = "pseudonym" }
    }
    operate = {
      description = "Replays, settles and refreshes. Cloud Scheduler and operators call it."
      ingress     = "ALLOW_ALL" # operators call it from the internet; IAM refuses other callers
      concurrency = 8
      memory      = "1Gi"
      timeout     = 540 # SETTLE_SECONDS or REFRESH_SECONDS, one more statement, and its cancellation
      max         = 2   # BigQuery queues 20 changes of a table; docs/settings.md, CHANGES_AT_A_TIME
      publishes   = ["events"]
      subscribes  = ["dead"]
      bucket      = "roles/storage.objectUser"
      appends     = []
      tables = [
        "events_v1", "identities_v1", "room_events_v1",
        "active_days_v1", "active_users_v1", "cohorts_v1", "daily_v1", "late_days_v1",
        "room_people_v1", "rooms_daily_v1", "runs_v1",
      ]
      reads    = ["erasures_v1"] # a refresh must not change numbers of people of days before an erasure
      views    = true
      queries  = true
      adds     = []
      invokers = var.settings.operators
      environment = {
        CELL                     = var.name
        PARTNERS_FILE            = "/secrets/partners/partners.json"
        GCP_PROJECT              = var.project_id
        LOCATION                 = local.region
        EVENTS_TOPIC             = "projects/${var.project_id}/topics/${google_pubsub_topic.this["events"].name}"
        DEAD_LETTER_SUBSCRIPTION = "projects/${var.project_id}/subscriptions/${google_pubsub_subscription.dead.name}"
        PUBSUB_ENDPOINT          = local.pubsub_endpoint
        STORAGE_ENDPOINT         = local.storage_endpoint
        BUCKET                   = google_storage_bucket.data.name
        BIGQUERY_ENDPOINT        = "https://${local.bigquery_host}"
        STORE_DATASET            = "projects/${var.project_id}/datasets/${local.store_id}"
        BI_DATASET               = "projects/${var.project_id}/datasets/${local.bi_id}"
        RETENTION_DAYS           = var.retention_days
        STATEMENT_BYTES          = local.statement_bytes
      }
      secrets = { "/secrets/partners" = "partners" } # a replay of quarantine checks bodies against the current records
    }
    dashboard = {
      description = "Shows the numbers to people. Their browsers call it."
      ingress     = "ALLOW_ALL" # people call it from the internet; IAM refuses other callers
      concurrency = 16
      memory      = "512Mi"
      timeout     = 300 # REFRESH_SECONDS, and time for the response
      max         = 4
      publishes   = []
      subscribes  = []
      bucket      = null
      appends     = []
      tables      = []
      reads       = ["active_users_v1", "cohorts_v1", "daily_v1", "room_people_v1", "rooms_daily_v1", "runs_v1"]
      views       = false
      queries     = true
      adds        = []
      invokers    = [] # viewers.tf
      environment = {
        GCP_PROJECT       = var.project_id
        LOCATION          = local.region
        BIGQUERY_ENDPOINT = "https://${local.bigquery_host}"
        STORE_DATASET     = "projects/${var.project_id}/datasets/${local.store_id}"
        BI_DATASET        = "projects/${var.project_id}/datasets/${local.bi_id}"
        # Composed from the project's number, so Terraform can create both functions at the same time.
        OPERATE_URL  = "https://${local.prefix}-operate-${var.project_number}.${local.region}.run.app"
        VIEWERS_FILE = "/secrets/viewers/viewers.json"
        # Rollups are small, so no query of the dashboard can read a TiB.
        STATEMENT_BYTES = min(local.statement_bytes, pow(2, 40))
        IAP_AUDIENCE    = var.settings.iap ? "/projects/${var.project_number}/locations/${local.region}/services/${local.prefix}-dashboard" : ""
      }
      secrets = { "/secrets/viewers" = "viewers" }
    }
    privacy = {
      description = "Erases and exports data, and offboards partners. People, back ends, Pub/Sub and Cloud Scheduler call it."
      ingress     = "ALLOW_ALL" # people and back ends call it from the internet; IAM refuses other callers
      concurrency = 32          # deletions in the chat that arrive at the same time are filed together
      memory      = "1Gi"
      timeout     = 540      # WORK_SECONDS, one more statement, and its cancellation
      max         = 4        # as for operate
      publishes   = ["dead"] # publishes dead letters again, without the erased people
      subscribes  = ["dead"]
      bucket      = "roles/storage.objectUser"
      appends     = []
      tables = [
        "erasures_v1", "events_v1", "holds_v1", "identities_v1", "late_days_v1", "receipts_v1", "room_events_v1", "runs_v1",
        "active_days_v1", "active_users_v1", "cohorts_v1", "daily_v1", "room_people_v1", "rooms_daily_v1", # a sweep counts people before it erases them
      ]
      reads    = []
      views    = true
      queries  = true
      adds     = ["closed"]
      invokers = [] # privacy.tf
      environment = {
        CELL                     = var.name
        GCP_PROJECT              = var.project_id
        LOCATION                 = local.region
        PARTNERS_FILE            = "/secrets/partners/partners.json"
        CALLERS_FILE             = "/secrets/callers/callers.json"
        CLOSED_FILE              = "/secrets/closed/closed.json"
        CLOSED_SECRET            = "projects/${var.project_id}/secrets/${google_secret_manager_secret.this["closed"].secret_id}"
        SECRETS_ENDPOINT         = local.secrets_endpoint
        PSEUDONYM_KEYS           = "/secrets/pseudonym"
        SCHEDULER_ACCOUNT        = "${local.prefix}-scheduler@${local.accounts_domain}"
        PUSH_ACCOUNT             = "${local.prefix}-push@${local.accounts_domain}"
        PUBSUB_ENDPOINT          = local.pubsub_endpoint
        DEAD_LETTER_TOPIC        = "projects/${var.project_id}/topics/${google_pubsub_topic.this["dead"].name}"
        DEAD_LETTER_SUBSCRIPTION = "projects/${var.project_id}/subscriptions/${google_pubsub_subscription.dead.name}"
        STORAGE_ENDPOINT         = local.storage_endpoint
        BUCKET                   = google_storage_bucket.data.name
        BIGQUERY_ENDPOINT        = "https://${local.bigquery_host}"
        STORE_DATASET            = "projects/${var.project_id}/datasets/${local.store_id}"
        BI_DATASET               = "projects/${var.project_id}/datasets/${local.bi_id}"
        RETENTION_DAYS           = var.retention_days
        STATEMENT_BYTES          = local.statement_bytes
        RESERVATION              = local.reservation
        PARTS                    = jsonencode(local.parts)
        GDPR                     = tostring(var.settings.gdpr && trimspace(var.settings.adequacy) == "")
      }
      secrets = {
        "/secrets/callers"   = "callers"
        "/secrets/closed"    = "closed"
        "/secrets/partners"  = "partners" # to find the partner of a project
        "/secrets/pseudonym" = "pseudonym"
      }
    }
  }
}

resource "google_storage_bucket_object" "functions" {
  bucket = google_storage_bucket.source.name
  name   = "functions-${substr(var.source_zip.sha256, 0, 16)}.zip"
  source = var.source_zip.path

  lifecycle {
    create_before_destroy = true # functions use the old zip until they are built from the new one

    # Terraform checks this again when it applies a saved plan, because a plan has the name of the zip
    # but not its content.
    precondition {
      condition     = try(filesha256(var.source_zip.path), "") == var.source_zip.sha256
      error_message = "The functions' zip of this plan, terraform/${trimprefix(var.source_zip.path, "./")}, is not here. Apply the plan on the machine where it was made, or copy that file to this machine (README.md, \"Applying a plan elsewhere\")."
    }
  }
}

resource "google_cloudfunctions2_function" "this" {
  #checkov:skip=CKV_GCP_124:the chat product calls receive from the internet, and people call operate, dashboard and privacy, which IAM protects

  for_each = local.functions

  name         = "${local.prefix}-${each.key}"
  location     = local.region
  description  = each.value.description
  labels       = var.labels
  kms_key_name = local.kms_key

  build_config {
    runtime           = "python313"
    entry_point       = each.key
    service_account   = google_service_account.this["build"].id
    docker_repository = google_artifact_registry_repository.images.id

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.functions.name
      }
    }
    automatic_update_policy {}
  }

  service_config {
    service_account_email            = google_service_account.this[each.key].email
    ingress_settings                 = each.value.ingress
    all_traffic_on_latest_revision   = true
    available_cpu                    = "1"
    available_memory                 = each.value.memory
    max_instance_request_concurrency = each.value.concurrency
    min_instance_count               = lookup(var.settings.min_instances, each.key, 0)
    max_instance_count               = lookup(var.settings.max_instances, each.key, each.value.max)
    timeout_seconds                  = each.value.timeout
    environment_variables            = each.value.environment

    dynamic "secret_volumes" {
      for_each = each.value.secrets
      content {
        mount_path = secret_volumes.key
        project_id = var.project_id
        secret     = google_secret_manager_secret.this[secret_volumes.value].secret_id

        dynamic "versions" {
          for_each = local.volumes[secret_volumes.value]
          content {
            path    = versions.key
            version = versions.value
          }
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(concat(keys(var.settings.min_instances), keys(var.settings.max_instances)), keys(local.functions))) == 0
      error_message = "min_instances and max_instances are given by function: ${join(", ", keys(local.functions))}."
    }
    precondition {
      condition     = length(each.value.tables) == 0 || lookup(var.settings.max_instances, each.key, 0) <= each.value.max
      error_message = "max_instances of ${each.key} is ${each.value.max} at most. With more instances, all functions together could start more changes of a table than BigQuery queues, and BigQuery would refuse the rest."
    }
    precondition {
      condition     = lookup(var.settings.min_instances, each.key, 0) <= lookup(var.settings.max_instances, each.key, each.value.max)
      error_message = "min_instances of ${each.key} is above the ${lookup(var.settings.max_instances, each.key, each.value.max)} instances that it may have. Raise its max_instances as well."
    }
  }

  # A build or a first revision fails if its account cannot read the source or a secret yet. Tables come
  # first, so that new code finds its columns.
  depends_on = [
    google_bigquery_table.store,
    time_sleep.permissions,
    google_secret_manager_secret_version.callers,
    google_secret_manager_secret_version.closed,
    google_secret_manager_secret_version.partners,
    google_secret_manager_secret_version.viewers,
  ]
}

# Everybody may call `receive`, because the chat product has no Google identity. `receive` checks the
# partner's token. No other function is public.
resource "google_cloud_run_v2_service_iam_member" "public" {
  name     = google_cloudfunctions2_function.this["receive"].name
  location = local.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}

# Groups whose members call a function directly.
resource "google_cloud_run_v2_service_iam_member" "people" {
  for_each = merge([
    for name, function in local.functions : {
      for group in function.invokers : "${name}/${group}" => { function = name, group = group }
    }
  ]...)

  name     = google_cloudfunctions2_function.this[each.value.function].name
  location = local.region
  role     = "roles/run.invoker"
  member   = "group:${each.value.group}"
}

resource "google_artifact_registry_repository" "images" {
  repository_id = local.prefix
  location      = local.region
  description   = "Images of the functions of the cell ${var.name}"
  format        = "DOCKER"
  kms_key_name  = local.kms_key
  labels        = var.labels

  cleanup_policies {
    id     = "keep-for-rollback"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s" # 30 days
    }
  }
}
