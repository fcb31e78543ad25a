"""Observability: log lines, and the counts in them."""
