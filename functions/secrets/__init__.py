"""Reads secrets from mounted files."""
