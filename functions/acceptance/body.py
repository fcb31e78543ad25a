"""Splits the body of a webhook request into events.

A body is one JSON object, an array of objects, or NDJSON (one object on each line). The bytes of
each event stay as the sender sent them.

Most events take a fast path, which decodes only the event's name and project. All other events take
the careful path, which accepts unusual spellings and broken characters. For example, JavaScript
sends half a surrogate pair if a nickname was cut inside an emoji.
"""

import contextlib

import msgspec

from functions.acceptance.values import SPACE, NotJson, only_value, values
from functions.events.body import MAX_DEPTH, BadMessage, decode_json, is_too_deep
from functions.events.envelope import open_envelope

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

FAST_PIECES = 100_000
"""A body with more commas or more newlines than this is split one value at a time, to save
memory."""


class ReceivedEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of a webhook's body.

    Attributes:
        data: the event's bytes, as the sender sent them.
        name: the event's name as sent; None if the event has no usable name.
        project: the event's project, as text. None if the event names no project; empty if the
            member has a value that cannot be a project's name, such as a list.
        is_test: whether the event is a test delivery: it has no name, no ``value`` and no property
            of the catalogue.
    """

    data: bytes
    name: str | None
    project: str | None
    is_test: bool = False


class _Value(msgspec.Struct):
    project: str | int | None = None


class _Body(msgspec.Struct):
    event: str
    value: _Value


_FLAT = 2 * MAX_DEPTH
"""A JSON text with fewer bytes than this is never nested too deeply, because each level takes two
brackets."""

_BODY = msgspec.json.Decoder(_Body)
_BODIES = msgspec.json.Decoder(list[_Body])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_LINE = msgspec.json.Decoder(msgspec.Raw)


def parse(body: bytes, most: int) -> list[ReceivedEvent]:
    """Split a body into its events.

    The product's Test button sends JSON without an event name, ``value`` or property of the
    catalogue. Such JSON becomes one event with ``is_test=True``, and so does an empty array.

    Args:
        body: the body as received, with or without a byte order mark.
        most: the maximum number of events. If the body has more, only the first `most + 1` events
            are returned, and the rest of the body may be invalid JSON.

    Raises:
        NotJson: the body is not UTF-8, or it is neither JSON nor NDJSON, or an event is nested too
            deeply.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    if not body.isascii():
        _check_utf8(body)
    try:
        decoded = _BODY.decode(body)
    except (msgspec.DecodeError, RecursionError):
        pass
    else:
        return [_fast(body, decoded)]
    elements = _split(body, most + 1)
    if body.startswith(b"[") and 1 < len(elements) <= most:
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            bodies = _BODIES.decode(body)
            return [
                _fast(element, content) for element, content in zip(elements, bodies, strict=True)
            ]
    return [_event(element) for element in elements]


def parse_one(body: bytes) -> ReceivedEvent:
    """Read a body as one event, even if it is an array.

    Raises:
        NotJson: the body is not exactly one JSON value in UTF-8, or is nested too deeply.
    """
    _check_utf8(body)
    return _event(body)


def _check_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise NotJson(f"the body is not UTF-8 at byte {error.start}") from None


def _fast(data: bytes, decoded: _Body) -> ReceivedEvent:
    """Make an event from its decoded name and project.

    If one of them is blank, or if the event may be nested too deeply, take the careful path. The
    decoded members have the documented spelling, which takes precedence over other spellings.
    """
    project = decoded.value.project
    project = project.strip() if isinstance(project, str) else project and str(project)
    if project and decoded.event.strip() and (len(data) < _FLAT or not is_too_deep(data)):
        return ReceivedEvent(data, decoded.event, project)
    return _careful(data)


def _event(data: bytes) -> ReceivedEvent:
    try:
        decoded = _BODY.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return _careful(data)
    return _fast(data, decoded)


def _careful(data: bytes) -> ReceivedEvent:
    """Read an event with the functions that `load` uses; they accept unusual spellings."""
    try:
        envelope = open_envelope(decode_json(data))
    except BadMessage as bad:
        if bad.reason == "not_json":
            only_value(data.decode())  # raises NotJson, which tells where the error is
        raise NotJson("the body is nested too deeply") from None
    return ReceivedEvent(data, envelope.event, envelope.project(), envelope.is_test())


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
