"""Acceptance: from an authenticated body to messages; the receiver and a replay share it."""
