# The cell's log bucket, in its region. The project's bucket `_Default` is global, so an exclusion keeps the
# cell's logs out of it.
locals {
  services = [for name in keys(local.functions) : "${local.prefix}-${name}"]

  function_logs = "resource.type=\"cloud_run_revision\" AND resource.labels.location=\"${local.region}\" AND resource.labels.service_name=(${join(" OR ", [for service in local.services : "\"${service}\""])})"

  # Audit logs: who read or changed which dataset, bucket or secret of this cell.
  audit_logs = "log_id(\"cloudaudit.googleapis.com/data_access\") AND (${join(" OR ", [
    "resource.labels.dataset_id=~\"^${local.bi_id}(_|$)\"",
    "(resource.type=\"bigquery_project\" AND resource.labels.location=\"${local.region}\")",
    "resource.labels.bucket_name=\"${var.project_id}-${local.prefix}\"",
    "resource.labels.bucket_name=\"${var.project_id}-${local.prefix}-source\"",
    "protoPayload.resourceName:\"/secrets/${local.prefix}-\"",
  ])})"

  cell_logs = "(${local.function_logs}) OR (${local.audit_logs})"

  # Requests to `receive`. Their URLs may contain tokens, so these entries are not stored.
  request_logs = "log_id(\"run.googleapis.com/requests\") AND resource.labels.service_name=\"${local.prefix}-receive\""

  # Successful requests to `load`. Each event has an entry of about 1 kB, so these entries are not stored.
  # Entries of failed requests are.
  load_requests = "log_id(\"run.googleapis.com/requests\") AND resource.labels.service_name=\"${local.prefix}-load\" AND httpRequest.status>=200 AND httpRequest.status<300"
}

# Google reserves the name of a deleted log bucket for 7 days. With this random suffix, you can create a
# destroyed cell again at once.
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
  description            = "Routes the logs of the cell ${var.name} to its region"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.cell.id}"
  filter                 = local.cell_logs
  unique_writer_identity = true

  exclusions {
    name        = "request-urls-with-tokens"
    description = "URLs contain tokens; the function's own log lines do not"
    filter      = local.request_logs
  }
  exclusions {
    name        = "loaded-events"
    description = "One entry for each stored event; the function's own log lines count them"
    filter      = local.load_requests
  }
}

# This exclusion does not depend on the functions. So it exists before they are built, and the global bucket
# never gets their logs.
resource "google_logging_project_exclusion" "default" {
  name        = local.prefix
  description = "The cell ${var.name} has its own log bucket, in its region"
  filter      = local.cell_logs
}
