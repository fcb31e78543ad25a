# People who may see the dashboard. IAM lets them call the function, and the secret `viewers` says which
# projects each of them sees.

locals {
  viewers = setunion(var.viewers.everything, keys(var.viewers.some))
}

# Without `iap`, people use `gcloud run services proxy`, and Cloud Run checks this permission.
resource "google_cloud_run_v2_service_iam_member" "viewers" {
  for_each = var.settings.iap ? toset([]) : local.viewers

  name     = google_cloudfunctions2_function.this["dashboard"].name
  location = local.region
  role     = "roles/run.invoker"
  member   = "user:${each.key}"
}

# Lets people read the URL of the dashboard, which `gcloud run services proxy` needs. Google's own roles for
# that also show every other service, or all details of the function in Cloud Functions.
resource "google_project_iam_custom_role" "find" {
  role_id     = "chat_${var.name}_find_${random_id.find_role.hex}"
  title       = "Finds the dashboard (${local.prefix})"
  description = "Lets people read the address of the service on which the role is granted, for gcloud run services proxy."
  permissions = ["run.services.get"]
}

# Google reserves the id of a deleted role for 37 days. With this random suffix, you can create a destroyed
# cell again at once.
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

# With `iap`, people use any browser, and only Identity-Aware Proxy may call the function.
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

# Lets the dashboard call `operate` when somebody presses Refresh.
resource "google_cloud_run_v2_service_iam_member" "dashboard" {
  name     = google_cloudfunctions2_function.this["operate"].name
  location = local.region
  role     = "roles/run.invoker"
  member   = google_service_account.this["dashboard"].member
}

# The secret that functions/secrets/permissions.py reads at every request.
resource "google_secret_manager_secret_version" "viewers" {
  secret                 = google_secret_manager_secret.this["viewers"].id
  secret_data_wo_version = parseint(substr(sha256(jsonencode(var.viewers)), 0, 12), 16)
  secret_data_wo         = jsonencode(var.viewers)

  lifecycle {
    create_before_destroy = true

    # A secret has at most 65536 bytes. Terraform's `length` counts characters, and a character may have
    # several bytes. base64 has only characters of one byte: 65535 bytes become 87380 of them.
    precondition {
      condition     = length(base64encode(jsonencode(var.viewers))) <= 87380
      error_message = "Too many viewers in the cell ${var.name}: their addresses and projects must fit into a secret of 64 KiB. Create another cell in the same region, and pin projects to it (terraform/README.md, \"How much fits\")."
    }
  }
}
