"""Load: takes events from Pub/Sub push and stores them as rows in BigQuery."""
