# What an empty project lacks: APIs, the agents that act for them, and time for both to spread.

resource "google_project_service" "api" {
  for_each = toset(concat(
    [
      "artifactregistry", "bigquery", "bigquerystorage", "cloudbuild", "cloudfunctions", "cloudscheduler",
      "iam", "logging", "monitoring", "pubsub", "run", "secretmanager", "storage",
    ],
    local.any_cmek ? ["cloudkms"] : [],
    local.any_iap ? ["iap"] : [],
    var.budget == null ? [] : ["billingbudgets"],
    var.query_quota_tib_per_day == null ? [] : ["cloudquotas"],
  ))

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false # others may use it
}

# Enabling an API is answered before it is true everywhere.
resource "time_sleep" "apis" {
  create_duration = "60s"
  triggers        = { apis = join(",", sort([for api in google_project_service.api : api.service])) }
}

resource "google_project_service_identity" "agent" {
  provider = google-beta
  for_each = toset(concat(
    ["artifactregistry", "cloudbuild", "cloudfunctions", "cloudscheduler", "pubsub", "run", "secretmanager"],
    local.any_iap ? ["iap"] : [],
  ))

  project = var.project_id
  service = "${each.key}.googleapis.com"

  depends_on = [time_sleep.apis]
}

# Builds and instances need these. Google grants them when it makes the agents, unless somebody took
# them away or an organisation's automation does; a build then fails with a word about permissions.
resource "google_project_iam_member" "agent" {
  #checkov:skip=CKV_GCP_49:Google's own agents have these roles from the start; they exist on projects only
  for_each = {
    "gcp-sa-cloudbuild"     = "roles/cloudbuild.serviceAgent"
    "gcf-admin-robot"       = "roles/cloudfunctions.serviceAgent"
    "serverless-robot-prod" = "roles/run.serviceAgent"
  }

  project = var.project_id
  role    = each.value
  member  = "serviceAccount:service-${data.google_project.this.number}@${each.key}.iam.gserviceaccount.com"

  depends_on = [google_project_service_identity.agent]
}

# Reading these creates them.
data "google_storage_project_service_account" "agent" {
  count      = local.any_cmek ? 1 : 0
  depends_on = [time_sleep.apis]
}

data "google_bigquery_default_service_account" "agent" {
  count      = local.any_cmek ? 1 : 0
  depends_on = [time_sleep.apis]
}

data "google_logging_project_cmek_settings" "agent" {
  count      = local.any_cmek ? 1 : 0
  project    = var.project_id
  depends_on = [time_sleep.apis]
}

locals {
  any_cmek = anytrue([for cell in values(var.cells) : cell.cmek])
  any_iap  = anytrue([for cell in values(var.cells) : cell.iap])

  agents = {
    pubsub    = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    scheduler = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-cloudscheduler.iam.gserviceaccount.com"
    iap       = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-iap.iam.gserviceaccount.com"
    # Those that encrypt, where a cell has a key of its own.
    encrypting = local.any_cmek ? {
      artifacts = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
      bigquery  = "serviceAccount:${data.google_bigquery_default_service_account.agent[0].email}"
      functions = "serviceAccount:service-${data.google_project.this.number}@gcf-admin-robot.iam.gserviceaccount.com"
      logging   = "serviceAccount:${data.google_logging_project_cmek_settings.agent[0].service_account_id}"
      pubsub    = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
      run       = "serviceAccount:service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com"
      secrets   = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
      storage   = "serviceAccount:${data.google_storage_project_service_account.agent[0].email_address}"
    } : {}
  }
}
