"""Records of what was done: receipts, and the log of erasures."""
