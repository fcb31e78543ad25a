"""What is where, for how long, and whether that is as promised."""
