"""The catalogue of events, and the code that reads events and their properties."""
