# The cell's logs, in its region. The project's _Default bucket is global, so they are kept from it.
locals {
  services = [for name in keys(local.functions) : "${local.prefix}-${name}"]

  function_logs = "resource.type=\"cloud_run_revision\" AND resource.labels.location=\"${local.region}\" AND resource.labels.service_name=(${join(" OR ", [for service in local.services : "\"${service}\""])})"

  # Who read what of this cell: datasets, buckets, secrets.
  audit_logs = "log_id(\"cloudaudit.googleapis.com/data_access\") AND (${join(" OR ", [
    "resource.labels.dataset_id=~\"^${local.bi_id}(_|$)\"",
    "(resource.type=\"bigquery_project\" AND resource.labels.location=\"${local.region}\")",
    "resource.labels.bucket_name=\"${var.project_id}-${local.prefix}\"",
    "resource.labels.bucket_name=\"${var.project_id}-${local.prefix}-source\"",
    "protoPayload.resourceName:\"/secrets/${local.prefix}-\"",
  ])})"

  cell_logs = "(${local.function_logs}) OR (${local.audit_logs})"

  # Their URLs have the partners' tokens.
  request_logs = "log_id(\"run.googleapis.com/requests\") AND resource.labels.service_name=\"${local.prefix}-receive\""

  # One for each event, of about 1 kB. What failed stays.
  load_requests = "log_id(\"run.googleapis.com/requests\") AND resource.labels.service_name=\"${local.prefix}-load\" AND httpRequest.status>=200 AND httpRequest.status<300"
}

# A deleted log bucket keeps its name for 7 days: the suffix lets you create a destroyed cell again at once.
resource "random_id" "logs" {
  byte_length = 3
}

resource "google_logging_project_bucket_config" "cell" {
  project        = var.project_id
  bucket_id      = "${local.prefix}-${random_id.logs.hex}"
  location       = local.region
  description    = "Logs of the cell ${var.name}"
  retention_days = var.settings.log_retention_days

  dynamic "cmek_settings" {
    for_each = local.kms_keys
    content {
      kms_key_name = cmek_settings.value
    }
  }
}

resource "google_logging_project_sink" "cell" {
  name                   = local.prefix
  description            = "The logs of the cell ${var.name} to its region"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.cell.id}"
  filter                 = local.cell_logs
  unique_writer_identity = true

  exclusions {
    name        = "request-urls-with-tokens"
    description = "The receiver's own log lines tell what happened, without tokens"
    filter      = local.request_logs
  }
  exclusions {
    name        = "loaded-events"
    description = "One entry for each event that was loaded; the function's own lines count them"
    filter      = local.load_requests
  }
}

# Before the functions exist, so that none of their lines is in the global bucket.
resource "google_logging_project_exclusion" "default" {
  name        = local.prefix
  description = "The cell ${var.name} has its own log bucket, in its region"
  filter      = local.cell_logs
}
