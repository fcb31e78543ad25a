output "receive_url" {
  description = "The receiver's address."
  value       = google_cloudfunctions2_function.this["receive"].service_config[0].uri
}

output "operate_url" {
  description = "The operate function's address."
  value       = google_cloudfunctions2_function.this["operate"].service_config[0].uri
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
