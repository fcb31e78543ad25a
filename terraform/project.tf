# Resources that the Google project has once, for all cells: audit logs, permissions to run queries,
# e-mail addresses for alerts, and limits on spending.

# Logs who read or changed which secret or object. BigQuery logs reads of its data without a setting.
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

# Lets groups run queries; this role exists on projects only. The datasets decide what a group may read.
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
  # Google always tells the billing administrators. It refuses a rule without other recipients.
  dynamic "all_updates_rule" {
    for_each = length(var.alert_emails) > 0 ? ["emails"] : []
    content {
      monitoring_notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
      disable_default_iam_recipients   = false
    }
  }

  depends_on = [time_sleep.apis]
}

# Limits how much each account may query in a day, so that a query without a filter cannot become
# expensive. Each account has a share of its own. With a limit for the whole project, an analyst could
# use up the share that erasures need.
resource "google_cloud_quotas_quota_preference" "queries" {
  count = var.query_quota_tib_per_user_per_day == null ? 0 : 1

  parent   = "projects/${var.project_id}"
  name     = "bigquery-query-usage-per-user-per-day"
  service  = "bigquery.googleapis.com"
  quota_id = "QueryUsagePerUserPerDay"

  # Google's default is "unlimited". Without this setting, Google refuses to lower a limit by more than
  # a tenth.
  ignore_safety_checks = "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH"

  quota_config {
    preferred_value = tostring(floor(var.query_quota_tib_per_user_per_day * 1024 * 1024)) # MiB
  }

  depends_on = [time_sleep.apis]
}
