"""Makes ingest ids, this system's ids of events. All copies of an event have the same ingest id."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import uuid_utils

from functions.acceptance.values import SPACE

_FRESH = "7"
"""The digit in a UUID that gives its version: 7. Only `fresh` makes ids of this version."""


def fresh() -> str:
    """Return a new ingest id, a UUIDv7 (RFC 9562). Such ids sort by time."""
    return str(uuid_utils.uuid7())


def is_fresh(ingest_id: str) -> bool:
    """Return whether an ingest id was made by `fresh`; all other ids were made by `derived`.

    All copies of an event with an id from `fresh` have the same time of receipt. Copies with an id
    from `derived` may have different times, because the id stays the same if the sender retries.
    """
    return ingest_id[14:15] == _FRESH


def of_request(partner: str, kind: str, request_id: str, events: Sequence[bytes]) -> list[str]:
    """Return the ingest id of each event of a request, in the order of the events.

    If the request has no id, all ingest ids are new. Otherwise, an ingest id is derived from the
    request's id and the event's bytes. So an event has the same ingest id in a retry, even if the
    retry comes days later, has only some of the events, or has them in another order.

    Args:
        partner: the name of the partner whose token the request has.
        kind: the kind of the webhook.
        request_id: the id that the sender gave the request; a retry has the same id. Empty if there
            is none.
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
    """Return the ingest id of an event; the same arguments always give the same id.

    The id depends on the partner and the kind, because two senders may choose the same request id.
    It depends on the event's bytes, because some senders give all their requests the same id.

    Args:
        partner: the name of the partner whose token the request has.
        kind: the kind of the webhook.
        request_id: the id of the request.
        data: the event's bytes, without space around them.
        number: how many earlier events of the request have the same bytes.
    """
    digest = hashlib.sha256()
    for part in (partner, kind, request_id):
        encoded = part.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    digest.update(number.to_bytes(8, "big"))
    digest.update(data)
    name = bytearray(digest.digest()[:16])
    name[6] = (name[6] & 0x0F) | 0x80  # UUID version 8: a custom format
    name[8] = (name[8] & 0x3F) | 0x80  # the variant of UUID in RFC 9562
    return str(uuid_utils.UUID(bytes=bytes(name)))
