"""Checks, through Google's APIs, where the resources of a cell are."""
