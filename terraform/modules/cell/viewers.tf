# Who may see the dashboard: IAM lets people in, the secret says whose numbers each of them sees.

locals {
  viewers = setunion(var.viewers.everything, keys(var.viewers.some))
}

# People by Cloud Run's own check, with `gcloud run services proxy`.
resource "google_cloud_run_v2_service_iam_member" "viewers" {
  for_each = var.settings.iap ? toset([]) : local.viewers

  name     = google_cloudfunctions2_function.this["dashboard"].name
  location = local.region
  role     = "roles/run.invoker"
  member   = "user:${each.key}"
}

# `gcloud run services proxy` asks for the service's URL first. Google's own roles that allow it also
# show every other service, or all of what the function is made of in Cloud Functions.
resource "google_project_iam_custom_role" "find" {
  role_id     = "chat_${var.name}_find_${random_id.find_role.hex}"
  title       = "Finds the dashboard (${local.prefix})"
  description = "Reads the address of the service where it is granted, for gcloud run services proxy."
  permissions = ["run.services.get"]
}

# The id of a deleted role is taken for 37 days: the suffix lets you create a destroyed cell again.
resource "random_id" "find_role" {
  byte_length = 3
}

resource "google_cloud_run_v2_service_iam_member" "finders" {
  for_each = var.settings.iap ? toset([]) : local.viewers

  name     = google_cloudfunctions2_function.this["dashboard"].name
  location = local.region
  role     = google_project_iam_custom_role.find.name
  member   = "user:${each.key}"
}

# People by Identity-Aware Proxy, in any browser. Then the proxy is all that may call the function.
resource "google_iap_web_cloud_run_service_iam_member" "viewers" {
  for_each = var.settings.iap ? local.viewers : toset([])

  cloud_run_service_name = google_cloudfunctions2_function.this["dashboard"].name
  location               = local.region
  role                   = "roles/iap.httpsResourceAccessor"
  member                 = "user:${each.key}"
}

resource "google_cloud_run_v2_service_iam_member" "iap" {
  count = var.settings.iap ? 1 : 0

  name     = google_cloudfunctions2_function.this["dashboard"].name
  location = local.region
  role     = "roles/run.invoker"
  member   = var.agents.iap
}

# The Refresh button.
resource "google_cloud_run_v2_service_iam_member" "dashboard" {
  name     = google_cloudfunctions2_function.this["operate"].name
  location = local.region
  role     = "roles/run.invoker"
  member   = google_service_account.this["dashboard"].member
}

# As functions/secrets/permissions.py reads it, at every request.
resource "google_secret_manager_secret_version" "viewers" {
  secret                 = google_secret_manager_secret.this["viewers"].id
  secret_data_wo_version = parseint(substr(sha256(jsonencode(var.viewers)), 0, 12), 16)
  secret_data_wo         = jsonencode(var.viewers)

  lifecycle {
    create_before_destroy = true

    # An address may have letters of several bytes; base64 counts bytes: 87380 are 65535 of them.
    precondition {
      condition     = length(base64encode(jsonencode(var.viewers))) <= 87380
      error_message = "Too many viewers in the cell ${var.name}: a secret holds 64 KiB, and each has its address and its projects in it. Make another cell in the same region and pin projects to it (terraform/README.md, \"How much fits\")."
    }
  }
}
