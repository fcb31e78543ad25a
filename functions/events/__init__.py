"""What an event is: the catalogue and the envelope, known to every function."""
