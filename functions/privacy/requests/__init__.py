"""Code that all kinds of requests share: callers, partners of projects, people's ids, pages."""
