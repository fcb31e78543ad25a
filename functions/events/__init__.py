"""The catalogue of events, and code that reads events and their properties, for all functions."""
