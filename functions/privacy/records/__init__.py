"""The records of what was done: receipts, and the erasure log."""
