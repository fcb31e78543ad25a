# What the operator is told. The functions' own log lines are the source (docs/operations.md lists
# their fields): metrics have counts and times only, so they may be global.
locals {
  metric_prefix = replace(local.prefix, "-", "_")

  # How many refusals in 15 minutes are too many, by reason. The file is generated from
  # functions/acceptance/reasons.py.
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
    # Milliseconds; lines of a moment without any have none.
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
  # From 1 up to about 10 million in steps of a half: counts of a line, or milliseconds. Without
  # them the API chooses, and a plan shows a difference ever after.
  bucket_options {
    exponential_buckets {
      num_finite_buckets = 40
      growth_factor      = 1.5
      scale              = 1
    }
  }
}

# Attempts of the jobs that ended, by what they were answered.
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
  # Log-based metrics in PromQL. One may come from more than one kind of resource, and Google refuses
  # a query that does not say from which.
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

  # Name -> what is queried, for how many seconds it must hold, what it means and what to do.
  alerts = merge(
    {
      dead_letters = {
        query    = "max(${local.lost}) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Events could not be loaded in 100 attempts. They are kept for 31 days in the subscription ${local.prefix}-dead, or for 7 in quarantine where nobody can read them; the load function's log says why."
      }
      backlog = {
        query    = "max(${local.oldest}) > 600"
        duration = 300
        severity = "ERROR"
        advice   = "The oldest undelivered event is more than 10 minutes old: the load function, BigQuery or a partner's back end does not keep up. Nothing is lost for 7 days."
      }
      errors = {
        query    = "sum by (service_name) (increase(${local.runs}[5m])) > 5"
        duration = 300
        severity = "ERROR"
        advice   = "A function answers 5xx. Senders and Pub/Sub retry; look at its log."
      }
      # One result for each reason that is over its limit.
      refusals = {
        query = join(" or ", [
          for reason, limit in local.refusals :
          "label_replace(sum(increase(${local.series["refused_${reason}"].sum}[15m])) >= ${limit}, \"reason\", \"${reason}\", \"\", \"\")"
        ])
        duration = 0
        severity = "WARNING"
        advice   = "Webhooks are refused; the incident's label `reason` says for what, docs/webhook-contract.md what it means and who can fix it."
      }
      # One result for each record. Its partner is closed until that is fixed, and no other is.
      records = {
        query    = "sum by (partner, field) (increase(${local.series.faulty.sum}[15m])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "A record in a secret has an error; the incident's labels `partner` and `field` name it. A partner with an error is answered 503 (`partner_faulty` or `project_disputed`) until it is fixed; all others go on. Without a partner it is a person's entry among `viewers` or `privacy_callers`. Apply again with the right value: docs/operations.md, \"Records with an error\"."
      }
      # A sweep checks it once a day; one that cannot is no success, and its job late.
      retention = {
        query    = "sum(increase(${local.series.retention_late.sum}[25h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Something is kept for longer than is promised. The privacy function's log line `retention checked` says where, docs/privacy.md how long it may be; look at the nightly jobs, at partition expiration and at the bucket's lifecycle."
      }
      # Each sweep says so again. The promise is day 30, and an erasure is due after 28 days.
      overdue = {
        query    = "sum(increase(${local.series.overdue.sum}[2h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Erasures have been due for 20 hours and are not executed. They must be executed by the end of day 30: a day is left. Find out why sweeps fail: look at the log lines `sweep ends early` and `statement failed` of the privacy function. Then call `POST /sweep`."
      }
      # A sweep searches all days once a week, and erases what it finds.
      late_rows = {
        query    = "sum(increase(${local.series.missed.sum}[2h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Rows of erased people came late, and sweeps did not find them until now; the sweep that found them has erased them. Report it: either load stored a row without noting its day, or somebody stored rows in another way."
      }
      # Each sweep reads the list, and says so again.
      closed_list = {
        query    = "sum(increase(${local.series.closed_list.count}[2h])) > 0"
        duration = 0
        severity = "WARNING"
        advice   = "The list of closed partners is nearly as long as a secret may be, or full: then no other partner can be offboarded. Take out those that were closed more than 75 days ago: docs/operations.md, \"The list of closed partners\"."
      }
      unfiled = {
        query    = "sum(increase(${local.series.unfiled.sum}[2h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "Deletions in the chat were stored and not filed when they came. The nightly job has filed them. Find out why they were missed: look at the subscription ${local.prefix}-privacy, at the dead letters, and at what the privacy function logged at that time."
      }
      contradiction = {
        query    = "sum(increase(${local.series.contradiction.sum}[2h])) > 0"
        duration = 0
        severity = "ERROR"
        advice   = "The chat reported a deletion and a restoration of one person in one order, but their times say the other. The deletion is filed. Ask the partner which came last, and take the erasure back within 28 days if the person came back: docs/operations.md, the log line `deletion contradicts restoration`."
      }
      bill = {
        query    = "sum(increase(${local.series.billed_too_much.count}[1h])) > 0"
        duration = 0
        severity = "WARNING"
        advice   = "A statement of the privacy function billed more bytes than STATEMENT_BYTES. It was carried out: an erasure does not wait for its price. The log line `statement billed too much` names the statement and the job."
      }
      spill = {
        query    = "sum(increase(${local.series.replay_remaining.sum}[10m])) > 0"
        duration = 1800
        severity = "WARNING"
        advice   = "Spilled events wait longer than the replay needs: does Pub/Sub take messages again? The operate function's log names what fails."
      }
      # Not for a cell that never had an event: there must have been some within the last week.
      quiet = {
        query    = "sum(increase(${local.series.accepted.sum}[7d])) > 0 unless sum(increase(${local.series.accepted.sum}[${var.settings.quiet_hours}h])) > 0"
        duration = 300
        severity = "WARNING"
        advice   = "No event was accepted for ${var.settings.quiet_hours} hours. Does the chat product still have the right URL?"
      }
    },
    {
      # An attempt must have ended longer ago than the job may be late: a new job has that time for
      # its first success. A job that runs no more has such an attempt for a week.
      for name, job in local.jobs : "job_${name}" => {
        query    = "sum(increase(logging_googleapis_com:user_${local.metric_prefix}_job_${name}{monitored_resource=\"cloud_scheduler_job\"}[7d] offset ${job.late_after}s)) > 0 unless sum(increase(logging_googleapis_com:user_${local.metric_prefix}_job_${name}{monitored_resource=\"cloud_scheduler_job\",status=\"200\"}[${job.late_after}s])) > 0"
        duration = 300
        severity = "ERROR"
        advice   = "The job ${local.prefix}-${name} has not succeeded for ${job.late_after} seconds; Cloud Scheduler's log says what it was answered."
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
      disable_metric_validation = true # a metric exists from its first value on
    }
  }
  documentation {
    content   = each.value.advice
    mime_type = "text/markdown"
  }

  depends_on = [google_logging_metric.count, google_logging_metric.job]
}
