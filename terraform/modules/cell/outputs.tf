output "receive_url" {
  description = "The receiver's address."
  value       = google_cloudfunctions2_function.this["receive"].service_config[0].uri
}

output "operate_url" {
  description = "The operate function's address."
  value       = google_cloudfunctions2_function.this["operate"].service_config[0].uri
}

output "dashboard" {
  description = "The dashboard: its address, which a browser opens where Identity-Aware Proxy is on, and the commands for it."
  value = {
    url   = google_cloudfunctions2_function.this["dashboard"].service_config[0].uri
    proxy = "gcloud run services proxy ${google_cloudfunctions2_function.this["dashboard"].name} --region=${local.region} --project=${var.project_id}"
    iap   = var.settings.iap ? "gcloud run services update ${google_cloudfunctions2_function.this["dashboard"].name} --iap --region=${local.region} --project=${var.project_id}" : ""
  }
}

output "datasets" {
  description = "What BI tools query: the cell's dataset, and the partners' own."
  value = {
    bi       = google_bigquery_dataset.bi.dataset_id
    partners = { for name, dataset in google_bigquery_dataset.partner : name => dataset.dataset_id }
  }
}

output "bi_connection" {
  description = "JDBC, by the region's own endpoint where BigQuery has one."
  value       = "jdbc:bigquery://https://${local.bigquery_host}:443;ProjectId=${var.project_id};DefaultDataset=${local.bi_id};Location=${local.region};"
}
