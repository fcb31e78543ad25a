"""Clients of Pub/Sub, Cloud Storage and Secret Manager (BigQuery: `functions.warehouse`)."""
