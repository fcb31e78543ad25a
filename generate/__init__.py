"""Writes files from the catalogue, the tables, the settings and the Terraform module."""
