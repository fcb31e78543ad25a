"""Everything that is deployed: one package per function, and what they share."""

__version__ = "0.2.0.dev0"
"""Of the whole project; CHANGELOG.md says what each version changes."""
