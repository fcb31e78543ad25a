"""Clients of Google's services: Pub/Sub, Cloud Storage, Secret Manager; BigQuery's is apart."""
