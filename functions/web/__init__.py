"""Code for HTTP: entry point, router, settings, callers, request bodies, problem details."""
