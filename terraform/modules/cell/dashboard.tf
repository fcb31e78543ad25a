# The operator's dashboard in Cloud Monitoring, with charts of the metrics in monitoring.tf.
resource "google_monitoring_dashboard" "cell" {
  # Positions of zero are left out, as the API leaves them out: otherwise, every plan would show a change.
  dashboard_json = jsonencode({
    displayName = "Watchers Warehouse: ${var.name}"
    labels      = { for key, value in var.labels : "${key}_${value}" => "" }
    mosaicLayout = {
      columns = 48
      tiles = [
        for index, chart in local.charts : merge(
          { width = 24, height = 16 },
          index % 2 == 0 ? {} : { xPos = 24 },
          index < 2 ? {} : { yPos = 16 * floor(index / 2) },
          {
            widget = {
              title = chart.title
              xyChart = {
                dataSets = [{ timeSeriesQuery = { prometheusQuery = chart.query }, plotType = "LINE", targetAxis = "Y1" }]
              }
            }
          },
        )
      ]
    }
  })
}

locals {
  charts = [
    { title = "Events accepted per second", query = "sum(rate(${local.series.accepted.sum}[5m]))" },
    { title = "Events refused per second, by reason", query = join(" or ", [for reason in keys(local.refusals) : "label_replace(sum(rate(${local.series["refused_${reason}"].sum}[5m])), \"reason\", \"${reason}\", \"\", \"\")"]) },
    { title = "Spilled and quarantined per second", query = "label_replace(sum(rate(${local.series.spilled.sum}[5m])), \"what\", \"spilled\", \"\", \"\") or label_replace(sum(rate(${local.series.quarantined.sum}[5m])), \"what\", \"quarantined\", \"\", \"\")" },
    { title = "From receipt to storage, milliseconds", query = join(" or ", [for part, share in { p50 = 0.5, p99 = 0.99 } : "label_replace(histogram_quantile(${share}, sum by (le) (rate(${local.series["freshness_${part}_ms"].bucket}[5m]))), \"of_events\", \"${part}\", \"\", \"\")"]) },
    { title = "Longest publishes (p99), milliseconds", query = "histogram_quantile(0.99, sum by (le) (rate(${local.series.publish_p99_ms.bucket}[5m])))" },
    { title = "Age of the oldest undelivered event, seconds", query = "max by (subscription_id) (${local.oldest})" },
    { title = "Dead letters", query = "max(${local.lost})" },
    { title = "5xx answers per second, by function", query = "sum by (service_name) (rate(${local.runs}[5m]))" },
  ]
}
