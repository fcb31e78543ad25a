"""Offboarding: a partner leaves a cell, up to the certificate."""
