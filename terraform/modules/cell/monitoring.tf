# Metrics and alerts. Most metrics come from the functions' log lines, whose fields are listed in
# docs/operations.md. Metrics contain counts, times and names of partners, but no data about people, so
# they may be global.
locals {
  metric_prefix = replace(local.prefix, "-", "_")

  # Reason -> the number of refusals in 15 minutes that raises the alert. `make generate` writes the file
  # from functions/acceptance/reasons.py.
  refusals = jsondecode(file("${path.module}/refusals.json"))

  line = {
    billed        = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-privacy\" AND jsonPayload.message=\"statement billed too much\""
    closed        = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-privacy\" AND (jsonPayload.message=\"closed list nearly full\" OR jsonPayload.message=\"closed list full\")"
    faulty        = "${local.function_logs} AND (jsonPayload.message=\"partner record faulty\" OR jsonPayload.message=\"permission record faulty\")"
    checked       = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-privacy\" AND jsonPayload.message=\"retention checked\""
    loaded        = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-load\" AND jsonPayload.message=\"loaded\""
    received      = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-receive\" AND jsonPayload.message=\"received\""
    missed        = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-privacy\" AND jsonPayload.message=\"late rows missed\""
    overdue       = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-privacy\" AND jsonPayload.message=\"erasures overdue\""
    contradiction = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-privacy\" AND jsonPayload.message=\"deletion contradicts restoration\""
    unfiled       = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-privacy\" AND jsonPayload.message=\"deletions not filed\""
    replayed      = "${local.function_logs} AND resource.labels.service_name=\"${local.prefix}-operate\" AND jsonPayload.message=\"replayed\""
  }
  metrics = merge(
    {
      billed_too_much  = { filter = local.line.billed, value = "EXTRACT(jsonPayload.bytes)" }
      closed_list      = { filter = local.line.closed, value = "EXTRACT(jsonPayload.bytes)" }
      accepted         = { filter = local.line.received, value = "EXTRACT(jsonPayload.accepted)" }
      spilled          = { filter = local.line.received, value = "EXTRACT(jsonPayload.spilled)" }
      quarantined      = { filter = local.line.received, value = "EXTRACT(jsonPayload.quarantined)" }
      replay_remaining = { filter = local.line.replayed, value = "EXTRACT(jsonPayload.remaining)" }
      contradiction    = { filter = local.line.contradiction, value = "EXTRACT(jsonPayload.found)" }
      unfiled          = { filter = local.line.unfiled, value = "EXTRACT(jsonPayload.found)" }
      missed           = { filter = local.line.missed, value = "EXTRACT(jsonPayload.rows)" }
      overdue          = { filter = local.line.overdue, value = "EXTRACT(jsonPayload.erasures)" }
      faulty           = { filter = local.line.faulty, value = "EXTRACT(jsonPayload.faults)" }
      retention_late   = { filter = local.line.checked, value = "EXTRACT(jsonPayload.places_late)" }
    },
    # Times in milliseconds. A line without a published or loaded event does not have the field.
    {
      for name, of in {
        publish_p99_ms   = { line = local.line.received, field = "publish_ms.p99" }
        freshness_p50_ms = { line = local.line.loaded, field = "freshness_ms.p50" }
        freshness_p99_ms = { line = local.line.loaded, field = "freshness_ms.p99" }
      } : name => { filter = "${of.line} AND jsonPayload.${of.field}>=0", value = "EXTRACT(jsonPayload.${of.field})" }
    },
    {
      for reason in keys(local.refusals) : "refused_${reason}" => {
        filter = "${local.line.received} AND jsonPayload.refused.${reason}>0"
        value  = "EXTRACT(jsonPayload.refused.${reason})"
      }
    },
  )

  # Labels that a metric has in addition to those of its resource.
  metric_labels = { faulty = toset(["partner", "field"]) }
}

resource "google_logging_metric" "count" {
  for_each = local.metrics

  name            = "${local.metric_prefix}_${each.key}"
  description     = "Of the cell ${var.name}: ${each.key}"
  filter          = each.value.filter
  value_extractor = each.value.value

  label_extractors = {
    for label in lookup(local.metric_labels, each.key, []) : label => "EXTRACT(jsonPayload.${label})"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = endswith(each.key, "_ms") ? "ms" : "1"

    dynamic "labels" {
      for_each = lookup(local.metric_labels, each.key, [])
      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }
  # Each bucket ends at one and a half times the end of the bucket before; the last one ends at about 10
  # million. This suits counts and milliseconds. Without these options, Google would choose other buckets,
  # and every plan would show a change.
  bucket_options {
    exponential_buckets {
      num_finite_buckets = 40
      growth_factor      = 1.5
      scale              = 1
    }
  }
}

# Counts the ended attempts of each job, by the status of the function's response.
resource "google_logging_metric" "job" {
  for_each = local.jobs

  name             = "${local.metric_prefix}_job_${each.key}"
  description      = "Of the cell ${var.name}: an attempt of the job ${each.key} ended"
  filter           = "resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id=\"${google_cloud_scheduler_job.this[each.key].name}\" AND jsonPayload.@type=\"type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished\""
  label_extractors = { status = "EXTRACT(httpRequest.status)" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key        = "status"
      value_type = "STRING"
    }
  }
}

locals {
  # The names of log-based metrics in PromQL. A log-based metric may have values of several kinds of
  # resources, and Google refuses a query that does not name one kind.
  function = "{monitored_resource=\"cloud_run_revision\"}"
  series = {
    for name in keys(local.metrics) : name => {
      sum    = "logging_googleapis_com:user_${local.metric_prefix}_${name}_sum${local.function}"
      count  = "logging_googleapis_com:user_${local.metric_prefix}_${name}_count${local.function}"
      bucket = "logging_googleapis_com:user_${local.metric_prefix}_${name}_bucket${local.function}"
    }
  }
  runs   = "run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\",service_name=~\"${local.prefix}-.*\",response_code_class=\"5xx\"}"
  lost   = "pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource=\"pubsub_subscription\",subscription_id=\"${local.prefix}-dead\"}"
  oldest = "pubsub_googleapis_com:subscription_oldest_unacked_message_age{monitored_resource=\"pubsub_subscription\",subscription_id=~\"${local.prefix}-(${join("|", keys(local.deliveries))}|partner-.*)\"}"

  # Name -> query; the seconds for which the query must hold; severity; and advice, which says what the
  # alert means and what to do.
  alerts = merge(
    {
      dead_letters = {
        query    = "max(${local.lost}) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Pub/Sub has delivered events 100 times, and load or privacy could not handle them. The subscription ${local.prefix}-dead keeps them for 31 days; unreadable ones go to quarantine for 7 days. The functions' logs say why they failed: docs/operations.md, \"Quarantine and dead letters\"."
      }
      backlog = {
        query    = "max(${local.oldest}) > 600"
        duration = 300
        severity = "ERROR"
        advice   = "The oldest undelivered event is more than 10 minutes old: load, privacy, BigQuery or a partner's back end is too slow or does not work. The incident's label `subscription_id` says which events wait. Pub/Sub keeps them for 7 days."
      }
      errors = {
        query    = "sum by (service_name) (increase(${local.runs}[5m])) > 5"
        duration = 300
        severity = "ERROR"
        advice   = "A function answers with 5xx. Senders and Pub/Sub retry. The incident's label `service_name` names the function; find the reason in its log."
      }
      # The query has one result for each reason with too many refusals.
      refusals = {
        query = join(" or ", [
          for reason, limit in local.refusals :
          "label_replace(sum(increase(${local.series["refused_${reason}"].sum}[15m])) >= ${limit}, \"reason\", \"${reason}\", \"\", \"\")"
        ])
        duration = 0
        severity = "WARNING"
        advice   = "The function receive refuses many webhooks. The incident's label `reason` names the reason. docs/webhook-contract.md says what it means and who can fix it."
      }
      # The query has one result for each record with an error. The error blocks the partner of this
      # record only.
      records = {
        query    = "sum by (partner, field) (increase(${local.series.faulty.sum}[15m])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "A record in a secret has an error. The incident's labels `partner` and `field` say where. If the label `partner` names a partner, the partner's webhooks get 503 (`partner_faulty` or `project_disputed`) until you fix the record; other partners are not affected. If it is empty, the error is in a person's entry in `viewers` or `privacy_callers`. Correct the value and apply again: docs/operations.md, \"Records with an error\"."
      }
      # A sweep checks the retention once a day. If the check fails, the sweep fails, and the alert
      # `job_sweep` follows.
      retention = {
        query    = "sum(increase(${local.series.retention_late.sum}[25h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Data is kept for longer than promised. The log line `retention checked` of the privacy function says where. docs/privacy.md says how long each kind of data may be kept. Check the nightly jobs, the expiration of partitions, and the bucket's lifecycle."
      }
      # Each sweep writes the line again while erasures are overdue. An erasure is due after 28 days, and
      # must be executed by the end of day 30.
      overdue = {
        query    = "sum(increase(${local.series.overdue.sum}[2h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Erasures have been due for 20 hours, and are not executed yet. They must be executed by the end of day 30, so about a day is left. Find out why sweeps fail: look at the log lines `sweep ends early` and `statement failed` of the privacy function. Then call `POST /sweep`."
      }
      # Once a week, a sweep searches all days, and erases the rows that earlier sweeps have missed.
      late_rows = {
        query    = "sum(increase(${local.series.missed.sum}[2h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Rows of erased people came late, and earlier sweeps did not find them. The last sweep has found and erased them. Report this alert to the maintainers, because it means that load stored a row without noting its day, or that somebody stored rows without load."
      }
      # Each sweep reads the list, and writes the line again while the list is nearly full.
      closed_list = {
        query    = "sum(increase(${local.series.closed_list.count}[2h])) > 0"
        duration = 0
        severity = "WARNING"
        advice   = "The list of closed partners is full or nearly full, because a secret has a maximum size. When it is full, no other partner can be offboarded. Remove the partners that were closed more than 75 days ago: docs/operations.md, \"The list of closed partners\"."
      }
      unfiled = {
        query    = "sum(increase(${local.series.unfiled.sum}[2h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Users deleted or restored their profiles in the chat, and the privacy function did not record this when the events arrived. The nightly job has recorded it now. Find out why the events were missed: look at the subscription ${local.prefix}-privacy, the dead letters, and the log of the privacy function at that time."
      }
      contradiction = {
        query    = "sum(increase(${local.series.contradiction.sum}[2h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "The chat reported a deletion and a restoration of the same person. They arrived in one order, but their times say the opposite order. The deletion is filed. Ask the partner which of the two was last. If the person came back, take the erasure back within 28 days: docs/operations.md, the log line `deletion contradicts restoration`."
      }
      bill = {
        query    = "sum(increase(${local.series.billed_too_much.count}[1h])) > 0"
        duration = 0
        severity = "WARNING"
        advice   = "A statement of the privacy function billed more bytes than STATEMENT_BYTES. BigQuery did not stop it, because an erasure must be executed in any case. The log line `statement billed too much` names the statement and the BigQuery job."
      }
      spill = {
        query    = "sum(increase(${local.series.replay_remaining.sum}[10m])) > 0"
        duration = 1800
        severity = "WARNING"
        advice   = "Spilled events have been waiting for half an hour, although a replay runs every five minutes. Check whether Pub/Sub takes messages again. The log of the operate function says what fails."
      }
      # The query needs an event within the last 7 days, so a new cell without events raises no alert.
      quiet = {
        query    = "sum(increase(${local.series.accepted.sum}[7d])) > 0 unless sum(increase(${local.series.accepted.sum}[${var.settings.quiet_hours}h])) > 0"
        duration = 300
        severity = "WARNING"
        advice   = "No event was accepted for ${var.settings.quiet_hours} hours. Check whether the chat product still has the right URL."
      }
    },
    {
      # The query needs an attempt that ended more than `late_after` seconds ago, and within 7 days before
      # that. So a new job has `late_after` seconds for its first success, and the alert of a job that
      # does not run any more closes after a week.
      for name, job in local.jobs : "job_${name}" => {
        query    = "sum(increase(logging_googleapis_com:user_${local.metric_prefix}_job_${name}{monitored_resource=\"cloud_scheduler_job\"}[7d] offset ${job.late_after}s)) > 0 unless sum(increase(logging_googleapis_com:user_${local.metric_prefix}_job_${name}{monitored_resource=\"cloud_scheduler_job\",status=\"200\"}[${job.late_after}s])) > 0"
        duration = 300
        severity = "ERROR"
        advice   = "The job ${local.prefix}-${name} has not succeeded for ${job.late_after} seconds. Cloud Scheduler's log has the response of the function."
      }
    },
  )
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  display_name          = "${local.prefix}: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.alert_channels
  user_labels           = var.labels

  conditions {
    display_name = each.key
    condition_prometheus_query_language {
      query                     = each.value.query
      duration                  = "${each.value.duration}s"
      evaluation_interval       = "60s"
      disable_metric_validation = true # a log-based metric exists only from its first value on
    }
  }
  documentation {
    content   = each.value.advice
    mime_type = "text/markdown"
  }

  depends_on = [google_logging_metric.count, google_logging_metric.job]
}
