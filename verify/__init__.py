"""What only the real cloud can tell of a deployment: `make verify`."""
