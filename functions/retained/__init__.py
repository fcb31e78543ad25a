"""What waits in storage for a replay: quarantine and spill."""
