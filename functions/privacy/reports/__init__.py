"""Reports: where data is, how long it is kept, and which user keys belong to which ids."""
