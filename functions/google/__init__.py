"""Clients for Pub/Sub, Cloud Storage and Secret Manager. `functions.warehouse` calls BigQuery."""
