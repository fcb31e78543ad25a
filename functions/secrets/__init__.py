"""The contents of secrets, and how a mounted secret is kept fresh."""
