"""Load: takes events that Pub/Sub pushes, and stores them as rows in BigQuery."""
