"""Records in the integration tests which calls of Google's APIs each function makes."""
