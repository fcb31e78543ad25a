"""Splits webhook bodies into JSON values with Python's own decoder.

It is slower than msgspec, but it accepts broken characters and numbers of any size, and says where
an error is. It is used for bodies that msgspec refuses, and for bodies with very many values, but
not for large ones (`functions.acceptance.large`). NaN and infinity are refused.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice

from functions.events.body import READER

SPACE = b" \t\r\n"

_SPACES = frozenset(SPACE.decode())
_FEW_BYTES = 65_536
_LINE = re.compile(rb"[ \t\r\n]{1,65536}|[^\n]+")  # a piece of space is short, to be found fast


class NotJson(Exception):
    """The body is not JSON in UTF-8, or is nested too deeply. The message never quotes the body."""


def values(text: str, most: int) -> list[bytes]:
    """Return the bytes of each element of a JSON array, or of each JSON value of NDJSON.

    A value may extend over several lines. An empty array counts as one value.

    Args:
        text: the body, without surrounding space.
        most: the maximum number of values to return; the text after them is not parsed.

    Raises:
        NotJson: the text is neither an array nor JSON values that newlines separate.
    """
    elements = _elements(text) if text.startswith("[") else _values(text)
    return [element.encode() for element in islice(elements, most)] or [text.encode()]


def lines(text: bytes) -> Iterator[bytes]:
    """Return the lines that are not blank."""
    if len(text) <= _FEW_BYTES:
        return (line for line in text.split(b"\n") if line.strip(SPACE))
    # A list of all lines would take much memory, because there may be millions of blank ones.
    return (found[0] for found in _LINE.finditer(text) if not found[0].isspace())


def members(text: str) -> Iterator[tuple[str, object, bytes]]:
    """Yield the name, the value and the bytes of each member of an object, also of repeated ones.

    Args:
        text: a valid JSON object.
    """
    position = _skip_space(text, _skip_space(text, 0) + 1)
    while text[position] != "}":
        name, position = _value_at(text, position)
        start = _skip_space(text, _skip_space(text, position) + 1)
        value, end = _value_at(text, start)
        yield str(name), value, text[start:end].encode()
        position = _skip_space(text, end)
        if text[position] == ",":
            position = _skip_space(text, position + 1)


def only_value(text: str) -> object:
    """Decode a text that is exactly one JSON value.

    Raises:
        NotJson: the text is not exactly one JSON value.
    """
    value, end = _value_at(text, _skip_space(text, 0))
    if _skip_space(text, end) < len(text):
        raise NotJson(f"the body has more text after the JSON value, at character {end}")
    return value


def _values(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        end = _value_at(text, position)[1]
        yield text[position:end]
        position = _skip_space(text, end)
        if position < len(text) and "\n" not in text[end:position]:
            raise NotJson(f"the body has more text after the JSON value, at character {end}")


def _elements(text: str) -> Iterator[str]:
    position = _skip_space(text, 1)
    closed = text[position : position + 1] == "]"
    while not closed:
        end = _value_at(text, position)[1]
        yield text[position:end]
        position = _skip_space(text, end)
        closed = text[position : position + 1] == "]"
        if not closed:
            if text[position : position + 1] != ",":
                raise NotJson(f"the array must have a comma or its end at character {position}")
            position = _skip_space(text, position + 1)
    if position + 1 < len(text):
        raise NotJson(f"the body has more text after the array, at character {position + 1}")


def _skip_space(text: str, position: int) -> int:
    while text[position : position + 1] in _SPACES:
        position += 1
    return position


def _value_at(text: str, position: int) -> tuple[object, int]:
    """Decode the JSON value that starts at a position; return it and the position after its end."""
    try:
        return READER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        raise NotJson(f"the body is not JSON at character {error.pos}") from None
    except ValueError as error:
        raise NotJson("the body has a number that JSON does not allow") from error
    except RecursionError:
        raise NotJson("the body is nested too deeply") from None
