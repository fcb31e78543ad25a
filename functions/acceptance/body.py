"""Splits the body of a webhook request into events.

A body is one JSON object, an array of objects, or NDJSON (one object on each line). The bytes of
each event stay as the sender sent them, without what is wrapped around the event.

Most events take a fast path, which decodes only the event's name and project. All other events take
the careful path, which accepts unusual spellings and broken characters. For example, JavaScript
sends half a surrogate pair if a nickname was cut inside an emoji. The careful path is slow, so an
event of more than `CAREFUL_BYTES` is refused if it would need it.
"""

import contextlib
from itertools import islice
from typing import Annotated

import msgspec

from functions.acceptance import large, reasons
from functions.acceptance.ambiguity import ESCAPED_LETTER, find_ambiguity
from functions.acceptance.reasons import Reason
from functions.acceptance.values import SPACE, NotJson, lines, only_value, values
from functions.acceptance.wrapping import find_inside, text_in, unwrap
from functions.events.body import (
    CAREFUL_BYTES,
    MAX_DEPTH,
    BadMessage,
    decode_json,
    has_too_many_values,
    is_too_deep,
)
from functions.events.envelope import open_envelope

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

FAST_PIECES = 100_000
"""A body with more commas or more newlines than this is split one value at a time, to save
memory."""


class ReceivedEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of a webhook's body.

    Attributes:
        data: the event's bytes, as the sender sent them, but without what is wrapped around the
            event.
        name: the event's name as sent; None if the event has no usable name.
        project: the event's project, as text. None if the event names no project; empty if the
            member has a value that cannot be a project's name, such as a list.
        is_test: whether the event is a test delivery: nothing in it, at any depth, is a part of an
            event.
        fault: why the event cannot be read; None if it can. An event with a fault has no name and
            no project, and is not a test.
    """

    data: bytes
    name: str | None
    project: str | None
    is_test: bool = False
    fault: Reason | None = None


_Never = Annotated[int, msgspec.Meta(gt=0, lt=1)]
"""The type of a member that the documented form does not have: no value fits, so decoding fails."""


class _Value(msgspec.Struct):
    project: str | int | None = None
    capitalised: _Never = msgspec.field(default=0, name="Project")
    in_capitals: _Never = msgspec.field(default=0, name="PROJECT")


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    event: str
    value: _Value


_FLAT = 2 * MAX_DEPTH
"""A JSON text with fewer bytes than this is never nested too deeply, because each level takes two
brackets."""

_BACKSLASH = ord("\\")

_BODY = msgspec.json.Decoder(_Body)
_BODIES = msgspec.json.Decoder(list[_Body])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_LINE = msgspec.json.Decoder(msgspec.Raw)


def parse(body: bytes, most: int) -> list[ReceivedEvent]:
    """Split a body into its events.

    If the body is NDJSON, a line that is not JSON becomes an event with the fault `NOT_JSON`, and
    the other lines are read as usual. In a body of more than `CAREFUL_BYTES`, each value must be on
    one line.

    The product's Test button sends JSON without an event name, ``value`` or property of the
    catalogue. Such JSON becomes one event with ``is_test=True``, and so does an empty array.

    Args:
        body: the body as received, with or without a byte order mark.
        most: the maximum number of events. If the body has more, only the first `most + 1` events
            are returned, and the rest of the body may be invalid JSON.

    Raises:
        NotJson: the body is not UTF-8, it is neither JSON nor NDJSON, or its only event is nested
            too deeply.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    try:
        if not body.isascii():
            _check_utf8(body)
        return _parse(body, most)
    except NotJson:
        if body.lstrip(SPACE).startswith(b"["):
            raise
        events = [*islice(map(_event_or_fault, lines(body)), most + 1)]
        if all(event.name is None for event in events):
            raise
        return events


def _parse(body: bytes, most: int) -> list[ReceivedEvent]:
    try:
        decoded = _BODY.decode(body)
    except (msgspec.DecodeError, RecursionError):
        pass
    else:
        return [_fast(body, decoded)]
    text = text_in(body.strip(SPACE))
    if text is not None:
        with contextlib.suppress(NotJson):
            events = parse(text, most)
            if not all(event.is_test for event in events):
                return events
    elements = _split(body, most + 1)
    if len(elements) == 1:
        return [_event(elements[0])]
    if body.startswith(b"[") and len(elements) <= most:
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            return _fast_array(body, elements, _BODIES.decode(body))
    return [_event_or_fault(element) for element in elements]


def _fast_array(body: bytes, elements: list[bytes], bodies: list[_Body]) -> list[ReceivedEvent]:
    """Make the events of an array from their decoded names and projects.

    Conditions that all events must meet are checked once for the whole array, because a check of
    each event takes longer than decoding the event.
    """
    sent = {decoded.value.project for decoded in bodies}
    projects: dict[str | int | None, str]
    projects = {project: project for project in sent if isinstance(project, str)}
    if (
        projects.keys() == sent
        and all(project and project == project.strip() for project in projects.values())
        and all(name.strip() for name in {decoded.event for decoded in bodies})
        and max(map(len, elements)) < _FLAT
        and _has_each_name_once(body, len(bodies))
    ):
        return [
            ReceivedEvent(element, decoded.event, projects[decoded.value.project])
            for element, decoded in zip(elements, bodies, strict=True)
        ]
    return [_fast(element, decoded) for element, decoded in zip(elements, bodies, strict=True)]


def _has_each_name_once(data: bytes, count: int) -> bool:
    """Return whether each event has the members ``event``, ``value`` and ``project`` only once.

    Args:
        data: the bytes of the events. Each event has ``event``, ``value`` and ``value.project``.
        count: the number of the events.
    """
    return (
        data.count(b'"event"') == count
        # A second ``value`` would add a third brace. Counting a single character is faster.
        and (data.count(b"{") == 2 * count or data.count(b'"value"') == count)
        and data.count(b'"project"') == count
        # A letter in a name may be escaped. Searching one character first is faster.
        and (_BACKSLASH not in data or ESCAPED_LETTER not in data)
    )


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

    If the event may have another form than the documented one, take the careful path. The
    documented form has ``event``, ``value`` and ``value.project`` once, in this spelling.
    """
    project = decoded.value.project
    project = project.strip() if isinstance(project, str) else project and str(project)
    if (
        project
        and decoded.event.strip()
        and _has_each_name_once(data, 1)
        and (len(data) < _FLAT or not (has_too_many_values(data) or is_too_deep(data)))
    ):
        return ReceivedEvent(data, decoded.event, project)
    return _careful(data)


def _event(data: bytes) -> ReceivedEvent:
    try:
        decoded = _BODY.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return _careful(data)
    return _fast(data, decoded)


def _event_or_fault(data: bytes) -> ReceivedEvent:
    """Read one event of several; if it cannot be decoded, return an event with a fault."""
    try:
        if not data.isascii():
            _check_utf8(data)
        return _event(data)
    except NotJson:
        return ReceivedEvent(data, None, None, fault=reasons.NOT_JSON)


def _careful(data: bytes) -> ReceivedEvent:
    """Unwrap an event, and read it by the same rules as `load`."""
    if len(data) > CAREFUL_BYTES:
        large.check(data)
        return ReceivedEvent(data, None, None, fault=reasons.EVENT_TOO_LARGE)
    try:
        inner, body = unwrap(data, decode_json(data))
        envelope = open_envelope(body)
    except BadMessage as bad:
        if bad.reason == "not_json":
            only_value(data.decode())  # raises NotJson, which tells where the error is
        raise NotJson("the body is nested too deeply") from None
    fault = find_ambiguity(inner, body, envelope)
    is_event = envelope.is_event()
    if envelope.event is None:
        found = find_inside(body)
        if found == "event" or (found == "part" and not is_event):
            fault = reasons.EVENT_MISPLACED
    if fault is not None:
        return ReceivedEvent(data, None, None, fault=fault)
    if not is_event:
        return ReceivedEvent(data, None, envelope.project(), is_test=True)
    return ReceivedEvent(inner, envelope.event, envelope.project())


def _split(body: bytes, most: int) -> list[bytes]:
    text = body.strip(SPACE)
    if len(text) > CAREFUL_BYTES:
        return large.split(text, most)
    if len(text) > FAST_PIECES and max(text.count(b","), text.count(b"\n")) > FAST_PIECES:
        return values(text.decode(), most)
    try:
        if text.startswith(b"["):
            return [bytes(element) for element in _ARRAY.decode(text)[:most]] or [text]
        found = [bytes(_LINE.decode(line)) for line in islice(lines(text), most)]
    except (msgspec.DecodeError, RecursionError):
        return values(text.decode(), most)
    if not found:
        raise NotJson("the body is empty")
    return found
