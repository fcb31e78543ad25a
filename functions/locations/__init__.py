"""Checks through Google's APIs whether the resources of a cell are in the promised region."""
