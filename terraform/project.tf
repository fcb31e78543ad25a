# What a project has once, whatever its cells: audit, spending, who is told.

# Who read what. BigQuery records this by itself.
resource "google_project_iam_audit_config" "data_access" {
  for_each = toset(["secretmanager.googleapis.com", "storage.googleapis.com"])

  project = var.project_id
  service = each.key

  dynamic "audit_log_config" {
    for_each = ["ADMIN_READ", "DATA_READ", "DATA_WRITE"]
    content {
      log_type = audit_log_config.value
    }
  }
}

# Running queries: this role exists on projects only. What a group may read is decided by the datasets.
resource "google_project_iam_member" "reader_jobs" {
  for_each = toset(flatten(concat(
    [for cell in values(var.cells) : [for group in cell.readers : lower(group)]],
    [for partner in values(var.partners) : [for group in partner.readers : lower(group)]],
  )))

  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = "group:${each.key}"
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset([for email in var.alert_emails : lower(email)])

  type         = "email"
  display_name = "Watchers Warehouse: ${each.key}"
  labels       = { email_address = each.key }

  depends_on = [time_sleep.apis]
}

resource "google_billing_budget" "month" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "Watchers Warehouse in ${var.project_id}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }
  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(floor(var.budget.amount))
    }
  }
  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }
  # Billing administrators are told in any case. A rule that names nobody else is refused.
  dynamic "all_updates_rule" {
    for_each = length(var.alert_emails) > 0 ? ["emails"] : []
    content {
      monitoring_notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
      disable_default_iam_recipients   = false
    }
  }

  depends_on = [time_sleep.apis]
}

# A query that forgot its filter stops at the day's quota, not at the month's bill. The quota is each
# account's own, so an analyst who has used it up stops no erasure: the project's would.
resource "google_cloud_quotas_quota_preference" "queries" {
  count = var.query_quota_tib_per_user_per_day == null ? 0 : 1

  parent   = "projects/${var.project_id}"
  name     = "bigquery-query-usage-per-user-per-day"
  service  = "bigquery.googleapis.com"
  quota_id = "QueryUsagePerUserPerDay"

  # Google's own limit is "unlimited", and a limit that falls by more than a tenth is refused otherwise.
  ignore_safety_checks = "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH"

  quota_config {
    preferred_value = tostring(floor(var.query_quota_tib_per_user_per_day * 1024 * 1024)) # MiB
  }

  depends_on = [time_sleep.apis]
}
