"""Headers as the server hands them on."""

from collections.abc import Mapping


def encoded(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """Encode names and values."""
    return {name.encode(): value.encode() for name, value in headers.items()}
