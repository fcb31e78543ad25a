"""Makes ingest ids. Two deliveries with the same ingest id are copies of one event."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import uuid_utils

from functions.acceptance.values import SPACE

_FRESH = "7"
"""The version of a UUID that contains the time. Only `fresh` makes ids of this version."""


def fresh() -> str:
    """Return a new id: a UUIDv7 (RFC 9562), so that ids sort by time."""
    return str(uuid_utils.uuid7())


def is_fresh(ingest_id: str) -> bool:
    """Return whether `fresh` made an ingest id; if not, `derived` made it.

    All copies of an event with a fresh id have the same time of receipt. A derived id is the same
    in each retry by the sender, so copies may have different times of receipt.
    """
    return ingest_id[14:15] == _FRESH


def of_request(partner: str, kind: str, request_id: str, events: Sequence[bytes]) -> list[str]:
    """Return the ingest ids of the events of a request, in order.

    If the request has no id, all ingest ids are new. Otherwise, each ingest id is derived from the
    id of the request and the event. So an event has the same ingest id in a retry, even if the
    retry comes days later, has only some of the events, or has them in another order.

    Args:
        partner: the name of the partner whose token the request has.
        kind: the kind of the webhook.
        request_id: the id of the request, the same on each retry; empty if there is none.
        events: the bytes of the events.
    """
    if not request_id:
        return [fresh() for _ in events]
    seen: Counter[bytes] = Counter()
    ids = []
    for event in events:
        data = event.strip(SPACE)
        ids.append(derived(partner, kind, request_id, data, seen[data]))
        seen[data] += 1
    return ids


def derived(partner: str, kind: str, request_id: str, data: bytes, number: int) -> str:
    """Return the ingest id of an event whose request has an id.

    The ingest id depends on the partner and the kind, because two senders may choose the same id of
    a request. It depends on the event, because some senders give all their requests the same id.

    Args:
        partner: the name of the partner whose token the request has.
        kind: the kind of the webhook.
        request_id: the id of the request.
        data: the event's bytes, without space around them.
        number: how many events before it in the request have the same bytes.
    """
    digest = hashlib.sha256()
    for part in (partner, kind, request_id):
        encoded = part.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    digest.update(number.to_bytes(8, "big"))
    digest.update(data)
    name = bytearray(digest.digest()[:16])
    name[6] = (name[6] & 0x0F) | 0x80  # version 8: the application's own format
    name[8] = (name[8] & 0x3F) | 0x80  # variant: RFC 9562
    return str(uuid_utils.UUID(bytes=bytes(name)))
