"""The sweep: the hourly job that executes all erasures that are due."""
