# APIs, and the service agents that act for them. An empty project has neither.

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
  disable_on_destroy = false # other software in the project may use the API
}

# Google answers that an API is enabled before it works everywhere.
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

# Builds and instances need these roles. Google grants them when it creates the agents, but people or an
# organisation's automation may have removed them. Then builds fail with an error about permissions.
resource "google_project_iam_member" "agent" {
  #checkov:skip=CKV_GCP_49:Google grants these roles to its own agents, and the roles exist on projects only
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

# Google creates these agents when somebody first reads them, so these data sources create them. Do not
# use their values as members of grants. They have a `depends_on`, so whenever another API is enabled,
# Terraform reads them during the apply, and their values are unknown in the plan. Terraform would then
# replace each grant that uses a value: it would create the same grant again, and afterwards delete it.
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

# Google does not document how the address of Cloud Logging's agent is composed. The address never
# changes, so this resource keeps the one that Terraform read first.
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

  # The addresses of agents, composed from the project's number. Source:
  # cloud.google.com/iam/docs/service-agents.
  agents = {
    pubsub    = format(local.agent, "gcp-sa-pubsub")
    scheduler = format(local.agent, "gcp-sa-cloudscheduler")
    iap       = format(local.agent, "gcp-sa-iap")
    # The agents that need the key of a cell with `cmek`.
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
