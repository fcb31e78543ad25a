"""Writes log lines, and keeps the counts that some log lines report."""
