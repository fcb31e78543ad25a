"""What an event is: catalogue, envelope, and how properties are read; known to every function."""
