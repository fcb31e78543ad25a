"""Reads secrets, and keeps the value of a mounted secret fresh."""
