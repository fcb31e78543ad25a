"""The embedded cell: everything of one cell on this machine, behind the same APIs."""
