# What an empty project lacks: APIs, the agents that act for them, and time for both to spread.

resource "google_project_service" "api" {
  for_each = toset(concat(
    [
      "artifactregistry", "bigquery", "bigquerystorage", "cloudbuild", "cloudfunctions", "cloudscheduler",
      "iam", "logging", "monitoring", "pubsub", "run", "secretmanager", "storage",
    ],
    local.any_cmek ? ["cloudkms"] : [],
    local.any_iap ? ["iap"] : [],
    local.any_slots ? ["bigqueryreservation"] : [],
    var.budget == null ? [] : ["billingbudgets"],
    var.query_quota_tib_per_user_per_day == null ? [] : ["cloudquotas"],
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

# Google makes these agents when they are first asked for, so reading them creates them. Nothing may
# take a grant's member from here: with a `depends_on`, Terraform reads a data source during the apply
# whenever one more API is enabled. Its values are then unknown in the plan, and each grant that
# uses one is replaced: created again, which changes nothing, and then deleted.
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

# Google does not document how Cloud Logging's address is composed, so the one that was read first
# is kept. It never changes.
resource "terraform_data" "logging_agent" {
  count = local.any_cmek ? 1 : 0
  input = "serviceAccount:${data.google_logging_project_cmek_settings.agent[0].service_account_id}"

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  any_cmek = anytrue([for cell in values(var.cells) : cell.cmek])
  any_iap  = anytrue([for cell in values(var.cells) : cell.iap])

  any_slots = anytrue([for cell in values(var.cells) : cell.erasure_slots > 0])

  agent = "serviceAccount:service-${data.google_project.this.number}@%s.iam.gserviceaccount.com"

  # From the project's number, as Google documents them: cloud.google.com/iam/docs/service-agents.
  agents = {
    pubsub    = format(local.agent, "gcp-sa-pubsub")
    scheduler = format(local.agent, "gcp-sa-cloudscheduler")
    iap       = format(local.agent, "gcp-sa-iap")
    # Those that encrypt, where a cell has a key of its own.
    encrypting = local.any_cmek ? {
      artifacts = format(local.agent, "gcp-sa-artifactregistry")
      bigquery  = "serviceAccount:bq-${data.google_project.this.number}@bigquery-encryption.iam.gserviceaccount.com"
      functions = format(local.agent, "gcf-admin-robot")
      logging   = terraform_data.logging_agent[0].output
      pubsub    = format(local.agent, "gcp-sa-pubsub")
      run       = format(local.agent, "serverless-robot-prod")
      secrets   = format(local.agent, "gcp-sa-secretmanager")
      storage   = format(local.agent, "gs-project-accounts")
    } : {}
  }
}
