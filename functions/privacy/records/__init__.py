"""Receipts of all operations, and the erasure log."""
