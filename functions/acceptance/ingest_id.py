"""Ingest ids: what makes two deliveries the same event."""

import hashlib

import uuid_utils


def fresh() -> str:
    """Return a new id: a UUIDv7 (RFC 9562), so that ids sort by time."""
    return str(uuid_utils.uuid7())


def derived(partner: str, kind: str, sender_id: str, position: int) -> str:
    """Return the id of an event whose sender numbers its requests.

    A retry days later carries the same id and so becomes the same event. Partner and kind are
    part of it, for senders number their webhooks independently of each other.

    Args:
        partner: whose token the request carries.
        kind: the webhook that it came by.
        sender_id: the ``webhook-id`` or ``Idempotency-Key`` header.
        position: of the event in the request, from 0.
    """
    digest = hashlib.sha256()
    for part in (partner, kind, sender_id):
        encoded = part.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    digest.update(position.to_bytes(8, "big"))
    name = bytearray(digest.digest()[:16])
    name[6] = (name[6] & 0x0F) | 0x80  # version 8: made by a rule of the application
    name[8] = (name[8] & 0x3F) | 0x80  # variant: RFC 9562
    return str(uuid_utils.UUID(bytes=bytes(name)))
