"""Makes ingest ids. Two deliveries with the same ingest id are copies of one event."""

import hashlib

import uuid_utils


def fresh() -> str:
    """Return a new id: a UUIDv7 (RFC 9562), so that ids sort by time."""
    return str(uuid_utils.uuid7())


def derived(partner: str, kind: str, sender_id: str, position: int) -> str:
    """Return the ingest id of an event whose request has an id from the sender.

    A retry has the same id from the sender, even days later, so the events get the same ingest ids.
    Partner and kind are part of the ingest id, because two senders may choose the same id.

    Args:
        partner: the name of the partner whose token the request has.
        kind: the kind of the event.
        sender_id: the value of the ``webhook-id`` or ``Idempotency-Key`` header.
        position: the event's position in the request, from 0.
    """
    digest = hashlib.sha256()
    for part in (partner, kind, sender_id):
        encoded = part.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    digest.update(position.to_bytes(8, "big"))
    name = bytearray(digest.digest()[:16])
    name[6] = (name[6] & 0x0F) | 0x80  # version 8: the application's own format
    name[8] = (name[8] & 0x3F) | 0x80  # variant: RFC 9562
    return str(uuid_utils.UUID(bytes=bytes(name)))
