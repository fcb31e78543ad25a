"""The attributes that an event carries through Pub/Sub, and the times and kinds in them."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import floor
from typing import Literal

import msgspec

Kind = Literal["chat", "room", "test"]
KINDS: tuple[Kind, ...] = ("chat", "room", "test")
_KINDS: dict[str, Kind] = {kind: kind for kind in KINDS}

ATTRIBUTE_BYTES = 1024
"""The longest attribute value in bytes; Pub/Sub refuses the whole publish for a longer one."""


class Attributes(msgspec.Struct, frozen=True, gc=False):
    """What Pub/Sub knows of an event without opening it; partners filter subscriptions by it.

    Attributes:
        ingest_id: this system's id of the event, a UUID in canonical form.
        received_at: UTC, microseconds, as ``2026-11-22T14:25:32.123456Z``.
        kind: the webhook that it came by.
        partner: whose token it was sent with.
        project: the payload's project; None for a test delivery that names none.
        event: the event's name, as `functions.events.names.event_name` returns it; None for a test
            delivery, and for an event without a usable name.
    """

    ingest_id: str
    received_at: str
    kind: Kind
    partner: str
    project: str | None
    event: str | None

    def to_mapping(self) -> dict[str, str]:
        """Return the message's attributes; what is None is left out."""
        attributes = {
            "ingest_id": self.ingest_id,
            "received_at": self.received_at,
            "kind": self.kind,
            "partner": self.partner,
        }
        if self.project is not None:
            attributes["project"] = self.project
        if self.event is not None:
            attributes["event"] = cut(self.event, ATTRIBUTE_BYTES)
        return attributes

    @classmethod
    def from_mapping(cls, attributes: Mapping[str, str]) -> "Attributes":
        """Read a message's attributes.

        Raises:
            ValueError: an attribute is missing or malformed; the message names it, not its value.
        """
        for name in ("ingest_id", "received_at", "kind", "partner"):
            if not attributes.get(name):
                raise ValueError(f"attribute {name} is missing")
        kind = parse_kind(attributes["kind"])
        parse_time(attributes["received_at"])
        return cls(
            ingest_id=attributes["ingest_id"],
            received_at=attributes["received_at"],
            kind=kind,
            partner=attributes["partner"],
            project=attributes.get("project"),
            event=attributes.get("event"),
        )


def format_time(moment: datetime) -> str:
    """Write a moment as the ``received_at`` attribute: UTC, microseconds, ``Z``."""
    return _written(floor(moment.timestamp()), moment.microsecond)


def format_nanoseconds(since_1970: int) -> str:
    """Write a time as the ``received_at`` attribute, of nanoseconds as `time.time_ns` has them.

    That takes half the time of the way through a `datetime`.
    """
    second, nanosecond = divmod(since_1970, 1_000_000_000)
    return _written(second, nanosecond // 1000)


def _written(second: int, microsecond: int) -> str:
    return f"{_second(second)}.{microsecond:06}Z"


_AS_WRITTEN = re.compile(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z")


@lru_cache(maxsize=16)
def _second(timestamp: int) -> str:
    """Write all but the fraction, once a second: at every event it is noticeable."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(timestamp))


def microseconds_later(text: str, count: int) -> str:
    """Return a ``received_at`` attribute so many microseconds later.

    Within a second the digits alone are counted up: a tenth of the time of the way through a
    `datetime`, for each event of a request.

    Raises:
        ValueError: it is not ISO 8601 with an offset.
    """
    if count == 0:
        return text
    if _AS_WRITTEN.fullmatch(text):
        microsecond = int(text[-7:-1]) + count
        if microsecond < 1_000_000:
            return f"{text[:-7]}{microsecond:06}Z"
    return format_time(parse_time(text) + timedelta(microseconds=count))


def parse_kind(text: str) -> Kind:
    """Read a ``kind`` attribute.

    Raises:
        ValueError: it is none.
    """
    kind = _KINDS.get(text)
    if kind is None:
        raise ValueError("attribute kind is not one of " + ", ".join(KINDS))
    return kind


def parse_time(text: str) -> datetime:
    """Read a ``received_at`` attribute.

    Raises:
        ValueError: it is not ISO 8601 with an offset.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # in UTC it may be before the year 1 or after 9999
        raise ValueError("attribute received_at is not an ISO 8601 time") from None
    raise ValueError("attribute received_at has no offset from UTC")


def cut(text: str, limit: int) -> str:
    """Return the longest start of a text that fits into ``limit`` bytes of UTF-8.

    Half a surrogate pair, which UTF-8 cannot carry, becomes a question mark.
    """
    if len(text) <= limit and text.isascii():
        return text
    return text.encode(errors="replace")[:limit].decode(errors="ignore")
