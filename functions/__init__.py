"""Everything that is deployed: one package per function, and what they share."""
