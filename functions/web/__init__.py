"""The parts of a web service: entry point, settings, callers, request bodies, problem details."""
