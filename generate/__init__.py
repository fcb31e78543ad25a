"""Writes what follows from the catalogue: table schema, views, data dictionary, samples."""
