"""A webhook's body: one JSON object, an array, or NDJSON, split into events.

An event keeps the sender's own bytes. The fast path decodes just what routing needs; what does not
fit its types takes the careful one, which also accepts half a surrogate pair (JavaScript sends one
for a nickname that was cut inside an emoji).
"""

import contextlib

import msgspec

from functions.acceptance.values import SPACE, NotJson, only_value, values
from functions.events.envelope import open_envelope

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

FAST_PIECES = 100_000
"""Commas or lines up to which a body is split at once; it bounds what that takes in memory."""


class ReceivedEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of a body.

    Attributes:
        data: the sender's bytes of it.
        name: the event's name; None for a press of the Test button.
        project: the payload's project as text; None where it names none, empty where it is of a
            type that no project is.
    """

    data: bytes
    name: str | None
    project: str | None


class _Value(msgspec.Struct):
    project: str | int | None = None


class _Body(msgspec.Struct):
    event: str
    value: _Value
    project: str | int | None = None


_BODY = msgspec.json.Decoder(_Body)
_BODIES = msgspec.json.Decoder(list[_Body])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_LINE = msgspec.json.Decoder(msgspec.Raw)


def parse(body: bytes, most: int) -> list[ReceivedEvent]:
    """Split a body into its events.

    JSON without an event name is a press of the Test button; so is an empty array.

    Args:
        body: as received, with or without a byte order mark.
        most: how many events to return; there is one more where the body has too many, and what
            follows is not looked at.

    Raises:
        NotJson: the body is none of the three forms.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    if not body.isascii():
        _check_utf8(body)
    try:
        return [_fast(body, _BODY.decode(body))]
    except (msgspec.DecodeError, RecursionError):
        pass
    elements = _split(body, most + 1)
    if body.startswith(b"[") and 1 < len(elements) <= most:
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            pairs = zip(elements, _BODIES.decode(body), strict=True)
            return [_fast(element, decoded) for element, decoded in pairs]
    return [_event(element) for element in elements]


def parse_one(body: bytes) -> ReceivedEvent:
    """Read a body that is one event, even if it is an array.

    Raises:
        NotJson: it is not one JSON value.
    """
    _check_utf8(body)
    return _event(body)


def _check_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise NotJson(f"the body is not UTF-8 at byte {error.start}") from None


def _fast(data: bytes, decoded: _Body) -> ReceivedEvent:
    if not decoded.event.strip():
        return ReceivedEvent(data, None, None)
    project = decoded.value.project
    if project is None:
        project = decoded.project
    return ReceivedEvent(data, decoded.event, _text(project))


def _event(data: bytes) -> ReceivedEvent:
    try:
        return _fast(data, _BODY.decode(data))
    except (msgspec.DecodeError, RecursionError):
        envelope = open_envelope(only_value(data.decode()))
    return ReceivedEvent(data, envelope.event, _text(envelope.properties.get("project")))


def _text(project: object) -> str | None:
    """Return the project as text: empty counts as missing; a number as its digits."""
    if isinstance(project, str):
        return project.strip() or None
    if isinstance(project, int) and not isinstance(project, bool):
        return str(project)
    return None if project is None else ""


def _split(body: bytes, most: int) -> list[bytes]:
    text = body.strip(SPACE)
    if len(text) > FAST_PIECES and max(text.count(b","), text.count(b"\n")) > FAST_PIECES:
        return values(text.decode(), most)
    try:
        if text.startswith(b"["):
            return [bytes(element) for element in _ARRAY.decode(text)[:most]] or [text]
        return [bytes(_LINE.decode(line)) for line in _lines(text)[:most]]
    except (msgspec.DecodeError, RecursionError):
        return values(text.decode(), most)


def _lines(text: bytes) -> list[bytes]:
    lines = [line for line in text.split(b"\n") if line.strip(SPACE)]
    if not lines:
        raise NotJson("the body is empty")
    return lines
