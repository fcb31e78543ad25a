"""The format of quarantine: bodies that could not be accepted or loaded, kept for a replay.

An object is one line of JSON. The object's name is computed from the content, so that repeated
deliveries of the same body or event share one object.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import msgspec

from functions.events.attributes import format_time
from functions.google.storage import Bucket

PREFIX = "quarantine/"

ON_HOLD = "on_hold/"
"""The folder for events of a closed partner that a legal hold keeps. They are not in quarantine,
because objects there are deleted by age and can be replayed. They are deleted when the hold
ends."""

LEGAL_HOLD = "legal_hold"
"""The reason code of events in the folder `ON_HOLD`."""

CONTENT_TYPE = "application/x-ndjson"

WRITE_SECONDS = 5.0
"""The time limit in seconds for writing one object; the sender waits for the write."""


UNKNOWN = "unknown"
"""The partner or kind of a malformed message that does not name it."""

MALFORMED = "malformed"
"""The reason code of data that has a wrong form, or that names neither partner nor project."""

UNREADABLE = (MALFORMED, "not_json", "too_deep", "event_ambiguous", "event_misplaced")
"""The reason codes of unreadable data. A search for people in this data may miss some, so the data
is deleted sooner than other data."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,127}")
"""The form that a partner or kind must have in an object's name. If the partner or kind of a
malformed message has another form, the name has `UNKNOWN` instead."""


class Quarantined(msgspec.Struct, omit_defaults=True):
    """One quarantined body.

    Attributes:
        reason: a reason code such as ``not_json``.
        partner: the name of the partner whose token the request had; for a Pub/Sub message, the
            partner in its attributes, or ``unknown``.
        kind: ``chat``, ``room``, ``test`` or ``unknown``; a malformed message may have any text.
        received_at: when the body was received (UTC), with microseconds.
        body: the bytes as received, in base64.
        attributes: the attributes of the Pub/Sub message, if the body comes from one.
        sender_id: the id that the sender gave the request, if the body is the whole request; empty
            if there is none.
        ingest_ids: the ingest id of each event of the body, by the event's position in the
            request, from 0; empty if the body is the whole request, or comes from a message.
    """

    reason: str
    partner: str
    kind: str
    received_at: str
    body: str
    attributes: dict[str, str] | None = None
    sender_id: str = ""
    ingest_ids: dict[int, str] = {}


_DECODER = msgspec.json.Decoder(Quarantined)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Writes quarantined bodies to the cell's bucket.

    Args:
        bucket: the cell's bucket.
    """

    bucket: Bucket

    async def keep(
        self,
        *,
        reason: str,
        partner: str,
        kind: str,
        data: bytes,
        received_at: str,
        attributes: Mapping[str, str] | None = None,
        sender_id: str = "",
        ingest_ids: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Quarantine a body; return when it is stored.

        The argument ``data`` is the bytes of the body. The other arguments are the attributes of
        `Quarantined`.

        Raises:
            BucketUnavailable: the write failed or timed out; the body may be stored nevertheless.
        """
        record = Quarantined(
            reason=reason,
            partner=partner,
            kind=kind,
            received_at=received_at,
            body=base64.b64encode(data).decode(),
            attributes=dict(attributes) if attributes else None,
            sender_id=sender_id,
            ingest_ids=dict(ingest_ids),
        )
        await self.write(*to_object(record, data))

    async def write(self, name: str, content: bytes) -> None:
        """Write an object that `to_object` made; return when it is stored.

        Raises:
            BucketUnavailable: the bucket did not store the object.
        """
        await self.bucket.write(name, content, content_type=CONTENT_TYPE, within=WRITE_SECONDS)


def to_object(record: Quarantined, data: bytes) -> tuple[str, bytes]:
    """Return the name and content of the object that stores a record.

    Args:
        record: the record to store.
        data: the bytes of the record's body, which the record has in base64.
    """
    if record.attributes:
        own_id = _id_of_message(record.attributes)
    elif record.ingest_ids:
        own_id = ("events", *record.ingest_ids.values())
    elif record.sender_id:
        own_id = ("request", record.sender_id)
    else:
        own_id = ()
    name = object_name(record.reason, record.partner, record.kind, data, *own_id)
    return name, msgspec.json.encode(record) + b"\n"


def renewed(record: Quarantined, body: bytes) -> tuple[str, bytes]:
    """Return the name and content of the object that stores a record with another body."""
    return to_object(msgspec.structs.replace(record, body=base64.b64encode(body).decode()), body)


def of_message(
    reason: str, data: bytes, attributes: Mapping[str, str], *, known_at: datetime, source: str
) -> tuple[str, bytes]:
    """Return the name and content of the object that quarantines a spilled event or a dead letter.

    Args:
        reason: a reason code such as ``not_json``.
        data: the event's bytes.
        attributes: the attributes of the message; any of them may be missing.
        known_at: the time to store as the time of receipt if the attributes have none.
        source: a text that makes the names differ for equal messages without an ingest id.
    """
    partner = attributes.get("partner") or UNKNOWN
    kind = attributes.get("kind") or UNKNOWN
    record = Quarantined(
        reason=reason,
        partner=partner,
        kind=kind,
        received_at=attributes.get("received_at") or format_time(known_at),
        body=base64.b64encode(data).decode(),
        attributes=dict(attributes) or None,
    )
    own_id = _id_of_message(attributes)
    if not attributes.get("ingest_id"):
        own_id = (*own_id, source)
    name = object_name(reason, partner, kind, data, *own_id)
    return name, msgspec.json.encode(record) + b"\n"


def is_unreadable(name: str) -> bool:
    """Return whether the object with this name is in a folder for unreadable data."""
    return name.startswith(tuple(f"{PREFIX}{reason}/" for reason in UNREADABLE))


def decode(content: bytes) -> tuple[Quarantined, bytes]:
    """Return the record in an object's content, and the bytes of the record's body.

    Raises:
        ValueError: the content is not a quarantined body.
    """
    try:
        record = _DECODER.decode(content)
        return record, base64.b64decode(record.body, validate=True)
    except (msgspec.DecodeError, binascii.Error):
        raise ValueError("not a quarantined body") from None


def id_of_body(body: bytes) -> str:
    """Return an id for a request to which the sender gave none; ingest ids are made from it.

    The id is computed from the body, so a second replay gives the events the same ingest ids. A
    sender cannot choose such an id, because a header cannot contain a line feed.
    """
    return f"quarantine\n{hashlib.sha256(body).hexdigest()}"


def object_name(reason: str, partner: str, kind: str, data: bytes, *own_id: str) -> str:
    """Return the name of the object that stores a body.

    An existing object is never overwritten, so different arguments must give different names. The
    reason is a folder in the name. Each other argument is hashed separately: all digests have the
    same length, so digests of different arguments cannot join to the same bytes.
    """
    texts = (text.encode(errors="surrogatepass") for text in (partner, kind, *own_id))
    digests = (hashlib.sha256(part).digest() for part in (data, *texts))
    digest = hashlib.sha256(b"".join(digests)).hexdigest()
    folders = (part if _NAME.fullmatch(part) else UNKNOWN for part in (partner, kind))
    top = ON_HOLD if reason == LEGAL_HOLD else f"{PREFIX}{reason}/"
    return f"{top}{'/'.join(folders)}/{digest}.ndjson"


def _id_of_message(attributes: Mapping[str, str]) -> tuple[str, ...]:
    """Return texts that distinguish a message from other messages with the same bytes."""
    ingest_id = attributes.get("ingest_id")
    if ingest_id:
        return ("message", ingest_id)
    return ("attributes", msgspec.json.encode(sorted(attributes.items())).decode())
