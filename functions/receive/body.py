"""A webhook's body: one JSON object, an array, or NDJSON, split into events.

An event keeps the sender's own bytes. The fast path decodes just what routing needs; what does not
fit its types takes the careful one, which also accepts half a surrogate pair (JavaScript sends one
for a nickname that was cut inside an emoji).
"""

import json
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

import msgspec

from functions.events.envelope import open_envelope

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NotJson(Exception):
    """The body is not UTF-8 or not JSON; the message says where, and quotes nothing of it."""


class ReceivedEvent(NamedTuple):
    """One event of a body.

    Attributes:
        data: the sender's bytes of it.
        name: the event's name; None for a press of the Test button.
        project: the payload's project as text; None where it names none.
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
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_LINE = msgspec.json.Decoder(msgspec.Raw)


def parse(body: bytes) -> list[ReceivedEvent]:
    """Split a body into its events.

    JSON without an event name is a press of the Test button; so is an empty array.

    Raises:
        NotJson: the body is none of the three forms.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    if not body.isascii():
        _check_utf8(body)
    try:
        return [_fast(body)]
    except (msgspec.DecodeError, RecursionError):
        pass
    return [_event(element) for element in _split(body)]


def _check_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise NotJson(f"the body is not UTF-8 at byte {error.start}") from None


def _fast(data: bytes) -> ReceivedEvent:
    decoded = _BODY.decode(data)
    if not decoded.event.strip():
        return ReceivedEvent(data, None, None)
    project = decoded.value.project
    if project is None:
        project = decoded.project
    return ReceivedEvent(data, decoded.event, _text(project))


def _event(data: bytes) -> ReceivedEvent:
    try:
        return _fast(data)
    except msgspec.DecodeError:
        envelope = open_envelope(_decode(data))
    return ReceivedEvent(data, envelope.event, _text(envelope.properties.get("project")))


def _text(project: object) -> str | None:
    """Return the project as text: empty counts as missing; a number as its digits."""
    if isinstance(project, str):
        return project.strip() or None
    if isinstance(project, int) and not isinstance(project, bool):
        return str(project)
    # Of another type it is no project of anybody, which is not the same as none given.
    return None if project is None else json.dumps(project)


def _split(body: bytes) -> list[bytes]:
    text = body.lstrip()
    try:
        if text.startswith(b"["):
            return [bytes(element) for element in _ARRAY.decode(text)] or [text.rstrip()]
        if b"\n" not in text.rstrip():
            return [bytes(_LINE.decode(text))]
        return [bytes(line) for line in _LINE.decode_lines(text)]
    except (msgspec.DecodeError, RecursionError):
        return _split_carefully(text.decode())


def _split_carefully(text: str) -> list[bytes]:
    """Split what msgspec refuses: Python's decoder accepts more, and tells where it stops."""
    is_array = text.startswith("[")
    elements = [element.encode() for element in _elements(text, is_array=is_array)]
    if not elements and not is_array:
        raise NotJson("the body is empty")
    return elements or [text.strip().encode()]


def _elements(text: str, *, is_array: bool) -> Iterator[str]:
    position = _skip_space(text, 1 if is_array else 0)
    while position < len(text) and not (is_array and text[position] == "]"):
        end = _end_of_value(text, position)
        yield text[position:end]
        position = _skip_space(text, end)
        if is_array and text[position : position + 1] == ",":
            position = _skip_space(text, position + 1)
            if text[position : position + 1] in {"]", ""}:
                raise NotJson(f"the array ends in a comma at character {position}")
        elif is_array and text[position : position + 1] != "]":
            raise NotJson(f"the array lacks a comma or its end at character {position}")
        elif not is_array and position < len(text) and "\n" not in text[end:position]:
            raise NotJson(f"something follows the JSON value at character {end}")
    if is_array and (position >= len(text) or text[position + 1 :].strip()):
        raise NotJson("the array is not closed, or something follows it")


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


_CAREFUL = json.JSONDecoder(parse_constant=_no_constant)


def _end_of_value(text: str, position: int) -> int:
    try:
        return _CAREFUL.raw_decode(text, position)[1]
    except json.JSONDecodeError as error:
        raise NotJson(f"the body is not JSON at character {error.pos}") from None
    except ValueError as error:
        raise NotJson("the body has a number that JSON does not allow") from error
    except RecursionError:
        raise NotJson("the body is nested too deeply") from None


def _decode(data: bytes) -> object:
    text = data.decode()
    _end_of_value(text, _skip_space(text, 0))
    return _CAREFUL.decode(text)
