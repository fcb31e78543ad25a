"""Erasures: records, previews, executes and takes back requests to erase people."""
