"""Erasing people: previews, records and executes erasures, and takes them back."""
