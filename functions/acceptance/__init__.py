"""Decides which events a cell accepts, and makes Pub/Sub messages from them."""
