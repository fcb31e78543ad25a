"""The warehouse: its schema, its statements and their jobs, the days that it counts by."""
