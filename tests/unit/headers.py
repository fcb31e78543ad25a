"""Headers in the form in which the server passes them to a function."""

from collections.abc import Mapping


def encoded(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """Return headers with names and values as bytes."""
    return {name.encode(): value.encode() for name, value in headers.items()}
