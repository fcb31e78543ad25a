"""Offboarding: deletes a partner's data from a cell, and issues the certificate."""
