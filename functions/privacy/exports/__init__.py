"""Exports: a copy of all data that a cell has about one person, for that person."""
