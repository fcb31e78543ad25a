"""Events: the catalogue, the envelope, and how properties are read; shared by all functions."""
