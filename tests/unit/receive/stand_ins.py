"""The partners that may send in tests of `receive`, and a message of one of them."""

import hashlib

from functions.events.attributes import Attributes
from functions.events.message import Message

TOKEN = "token-of-acme"
ONE_PROJECT_TOKEN = "token-of-solo"
PARTNERS = {
    "acme": {
        "tokens_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
        "projects": {"acme-prod": "eu", "acme-dev": "eu", "acme-us": "us"},
    },
    "solo": {
        "tokens_sha256": [hashlib.sha256(ONE_PROJECT_TOKEN.encode()).hexdigest()],
        "projects": {"only": "eu"},
    },
}


def message(data: bytes, *, ingest_id: str = "", event: str | None = None) -> Message:
    """Return a message of acme."""
    return Message(data, Attributes(ingest_id, "", "chat", "acme", "acme-prod", event))
