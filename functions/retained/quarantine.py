"""Quarantine: authenticated bodies that could not be accepted or loaded are kept for a replay.

An object is one line of JSON. Its name derives from its content, so that a sender's retries of the
same body, or Pub/Sub's of the same event, do not pile up.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from functions.events.attributes import format_time
from functions.google.storage import ObjectWriter

PREFIX = "quarantine/"

ON_HOLD = "held/"
"""What a legal hold keeps of a partner who has left. It is apart, for what is in quarantine goes by
its age and can be replayed; this goes with the hold."""

LEGAL_HOLD = "legal_hold"
"""The reason for which something is there."""

CONTENT_TYPE = "application/x-ndjson"

WRITE_SECONDS = 5.0
"""How long one object may take; the sender waits meanwhile."""


UNKNOWN = "unknown"
"""Stands for a partner or kind that a malformed message does not tell."""

MALFORMED = "malformed"
"""The reason of what is not of its place's form, or tells neither partner nor project."""

UNREADABLE = (MALFORMED, "not_json", "too_deep")
"""Reasons for what nobody can search for a person: it goes soonest."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,127}")
"""What can be a part of an object's name; a malformed message may tell anything of any length."""


class Quarantined(msgspec.Struct, omit_defaults=True):
    """One quarantined body.

    Attributes:
        reason: a code such as ``not_json``.
        partner: whose token it was sent with.
        kind: ``chat``, ``room`` or ``test``.
        received_at: UTC, microseconds.
        body: the bytes as received, base64.
        attributes: those of the Pub/Sub message, where it came from the loader.
        sender_id: the sender's own id of the request, where it came from the receiver and had one.
        positions: of the body's events in that request, from 0; none where it is the whole one.
    """

    reason: str
    partner: str
    kind: str
    received_at: str
    body: str
    attributes: dict[str, str] | None = None
    sender_id: str = ""
    positions: list[int] = []


_DECODER = msgspec.json.Decoder(Quarantined)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Writes quarantined bodies to the cell's bucket.

    Args:
        bucket: the cell's bucket.
    """

    bucket: ObjectWriter

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
        positions: Sequence[int] = (),
    ) -> None:
        """Keep a body, described as `Quarantined` is; returns when it is durable.

        Raises:
            BucketUnavailable: the bucket did not take it.
        """
        record = Quarantined(
            reason=reason,
            partner=partner,
            kind=kind,
            received_at=received_at,
            body=base64.b64encode(data).decode(),
            attributes=dict(attributes) if attributes else None,
            sender_id=sender_id,
            positions=list(positions),
        )
        name, content = to_object(record, data)
        await self.bucket.write(name, content, content_type=CONTENT_TYPE, within=WRITE_SECONDS)


def to_object(record: Quarantined, data: bytes) -> tuple[str, bytes]:
    """Return a record's object: its name and its content.

    Args:
        record: of the body.
        data: the body's bytes.
    """
    if record.attributes:
        own_id = _id_of_message(record.attributes)
    elif record.sender_id:
        own_id = ("request", record.sender_id, str(record.positions))
    else:
        own_id = ()
    name = object_name(record.reason, record.partner, record.kind, data, *own_id)
    return name, msgspec.json.encode(record) + b"\n"


def renewed(record: Quarantined, body: bytes) -> tuple[str, bytes]:
    """Return the object of a record that gets another body: its name and its content."""
    return to_object(msgspec.structs.replace(record, body=base64.b64encode(body).decode()), body)


def of_message(
    reason: str, data: bytes, attributes: Mapping[str, str], *, known_at: datetime, source: str
) -> tuple[str, bytes]:
    """Return the object of a message that was kept elsewhere: its name and its content.

    Args:
        reason: a code such as ``not_json``.
        data: the event's bytes.
        attributes: of the message; they may lack anything.
        known_at: a moment at which it had been received, where its attributes tell none.
        source: what tells it from others that are alike, where it has no ingest id.
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
    """Say whether an object is where what nobody can read is kept."""
    return name.startswith(tuple(f"{PREFIX}{reason}/" for reason in UNREADABLE))


def decode(content: bytes) -> tuple[Quarantined, bytes]:
    """Read an object's content: the record, and the body's bytes.

    Raises:
        ValueError: it is not a quarantined body.
    """
    try:
        record = _DECODER.decode(content)
        return record, base64.b64decode(record.body, validate=True)
    except (msgspec.DecodeError, binascii.Error):
        raise ValueError("not a quarantined body") from None


def id_of_request(record: Quarantined, body: bytes) -> str:
    """Return what the ids of the body's events derive from, where they were given none.

    Content makes the id of what has none, so a replay that is repeated doubles nothing. A sender
    cannot give such an id to a request: there is no line feed in a header.
    """
    return record.sender_id or f"quarantine\n{hashlib.sha256(body).hexdigest()}"


def object_name(reason: str, partner: str, kind: str, data: bytes, *own_id: str) -> str:
    """Return the object's name: the same body of the same sender has the same.

    Where a body has an id of its own, each has a name of its own: two of them may well be alike.
    An object of a name that exists is not written, so different parts must never make one name:
    each has a digest of its own, and all of these are equally long.
    """
    texts = (text.encode(errors="surrogatepass") for text in (partner, kind, *own_id))
    digests = (hashlib.sha256(part).digest() for part in (data, *texts))
    digest = hashlib.sha256(b"".join(digests)).hexdigest()
    folders = (part if _NAME.fullmatch(part) else UNKNOWN for part in (partner, kind))
    top = ON_HOLD if reason == LEGAL_HOLD else f"{PREFIX}{reason}/"
    return f"{top}{'/'.join(folders)}/{digest}.ndjson"


def _id_of_message(attributes: Mapping[str, str]) -> tuple[str, ...]:
    """Return what tells a message from others with the same bytes."""
    ingest_id = attributes.get("ingest_id")
    if ingest_id:
        return ("message", ingest_id)
    return ("attributes", msgspec.json.encode(sorted(attributes.items())).decode())
