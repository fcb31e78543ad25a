"""What each function needs as a web service, from its settings to the bodies of its requests."""
