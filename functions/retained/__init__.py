"""The formats of retained objects: quarantine, spill, and events that are on hold."""
