"""The warehouse: its schema, its statements and their jobs, and its days."""
