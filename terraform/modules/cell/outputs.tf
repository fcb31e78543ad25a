output "receive_url" {
  description = "The address of the function receive."
  value       = google_cloudfunctions2_function.this["receive"].service_config[0].uri
}

output "operate_url" {
  description = "The address of the function operate."
  value       = google_cloudfunctions2_function.this["operate"].service_config[0].uri
}

output "privacy_url" {
  description = "The address of the function privacy."
  value       = google_cloudfunctions2_function.this["privacy"].service_config[0].uri
}

output "dashboard_url" {
  description = "The address of the dashboard. A browser can open it only if the cell uses Identity-Aware Proxy."
  value       = google_cloudfunctions2_function.this["dashboard"].service_config[0].uri
}

output "dashboard_command" {
  description = "The command that opens the dashboard at http://127.0.0.1:8080. If the cell has `iap`, it is instead the command that turns Identity-Aware Proxy on for the dashboard; run it once."
  value = join(" ", [
    "gcloud run services",
    var.settings.iap ? "update ${local.prefix}-dashboard --iap" : "proxy ${local.prefix}-dashboard",
    "--region=${local.region} --project=${var.project_id}",
  ])
}

output "datasets" {
  description = "The datasets for BI tools: the cell's dataset, and those of the partners."
  value = {
    bi       = google_bigquery_dataset.bi.dataset_id
    partners = { for name, dataset in google_bigquery_dataset.partner : name => dataset.dataset_id }
  }
}

output "bi_connection" {
  description = "The JDBC address for BI tools. If BigQuery has a regional endpoint in the region, the address names it."
  value       = "jdbc:bigquery://https://${local.bigquery_host}:443;ProjectId=${var.project_id};DefaultDataset=${local.bi_id};Location=${local.region};"
}

output "parts" {
  description = "The names of all resources that have a location, and the addresses of the APIs that report these locations."
  value = merge(local.parts, {
    region     = local.region
    project_id = var.project_id
    endpoints = {
      bigquery  = "https://${local.bigquery_host}"
      pubsub    = trimsuffix(local.pubsub_endpoint, ":443")
      storage   = local.storage_endpoint
      secrets   = local.secrets_endpoint
      scheduler = "https://cloudscheduler.googleapis.com"
    }
  })

  depends_on = [google_bigquery_dataset.store, google_bigquery_dataset.bi, google_bigquery_dataset.partner]
}

output "calls" {
  description = "The private functions that people call, and the subscriptions and jobs that call functions."
  value = {
    functions = { for name in ["operate", "privacy"] : name => google_cloudfunctions2_function.this[name].service_config[0].uri }
    subscriptions = {
      for name, subscription in google_pubsub_subscription.function : "projects/${var.project_id}/subscriptions/${subscription.name}" => {
        endpoint = "${google_cloudfunctions2_function.this[name].service_config[0].uri}${local.deliveries[name].path}"
        filter   = local.deliveries[name].filter
      }
    }
    jobs = {
      for name, job in google_cloud_scheduler_job.this : "projects/${var.project_id}/locations/${job.region}/jobs/${job.name}" => "${google_cloudfunctions2_function.this[local.jobs[name].function].service_config[0].uri}${local.jobs[name].path}"
    }
  }
}
