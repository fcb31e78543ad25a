"""Erasures of people: filed, previewed, restored, and executed."""
