"""The code for BigQuery: schema, UTC days, statements, query jobs, rollups and the ledger."""
