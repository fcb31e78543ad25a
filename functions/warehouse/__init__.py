"""The BigQuery warehouse: its schema, its days, and the statements and jobs that it runs."""
