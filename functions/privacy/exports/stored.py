"""The objects of exports: their names, and whose they are."""

PREFIX = "exports/"
"""Objects that begin so go after a day (`functions.privacy.periods.EXPORTED`)."""
