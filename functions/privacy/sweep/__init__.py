"""The sweep: the job that executes what is due, in every place."""
