"""Acceptance: who may send, and how a body becomes messages; for `receive` and for replays."""
