"""The formats of objects that the bucket keeps: quarantine, spill, and events on hold."""
