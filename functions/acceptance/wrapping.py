"""Finds events that are wrapped: in a text that contains JSON, or in a member ``data``.

Some senders encode their JSON twice, and some put the event into a member ``data``. Both are
unwrapped, each at most once. Only the inner bytes are published, so no other module gets wrapped
events. A body that contains an event in any other place is not unwrapped, and does not count as a
press of the Test button.
"""

import re
from typing import Literal

import msgspec

from functions.acceptance.values import SPACE, members
from functions.events.body import CAREFUL_BYTES, BadMessage, decode_json
from functions.events.envelope import is_name, is_part, named

MOST_VALUES = 10_000
"""The maximum number of JSON values in a press of the Test button. Only this many values of a body
are searched for an event, because the search takes time."""

_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_EVENT_IN_TEXT = re.compile(
    r"""[\s"'\\(\[]*\{.*?\bevent\b[\\"'\s]*[:=]|\s*event\s*=""", re.IGNORECASE | re.DOTALL
)
"""The start of a text that contains an event in another form than JSON, such as form data or a
printed Python dictionary."""


def text_in(data: bytes) -> bytes | None:
    """Return the text of a JSON string, if this text may be JSON itself; otherwise None."""
    if not data.startswith(b'"'):
        return None
    try:
        body = decode_json(data) if len(data) <= CAREFUL_BYTES else _TEXT.decode(data)
    except (BadMessage, msgspec.DecodeError):
        return None
    inner = body.strip() if isinstance(body, str) else ""
    return inner.encode() if inner.startswith(("{", "[")) else None


def unwrap(data: bytes, body: object) -> tuple[bytes, object]:
    """Remove at most one text and one ``data`` around an event; return its bytes and its JSON.

    Args:
        data: the bytes of a body.
        body: the body, decoded from JSON.
    """
    left = [_inner_text, _inner_data]
    while left:
        for step in left:
            inner = step(data, body)
            if inner is not None:
                data, body = inner
                left.remove(step)
                break
        else:
            break
    return data, body


_Inner = tuple[bytes, object]


def _inner_text(data: bytes, body: object) -> _Inner | None:
    """Unwrap a text, or a `value` that is a text, if the text is a JSON object."""
    if isinstance(body, str):
        return _object(body.strip().encode())
    if not isinstance(body, dict):
        return None
    values = named(body, "value")
    if any(isinstance(body[at], dict) for at in values):
        return None
    for at in values:
        member = body[at]
        inner = _object(member.strip().encode()) if isinstance(member, str) else None
        if inner is None:
            continue
        raw = bytes_of_members(data).get(at)
        if raw is not None and data.count(raw) == 1:
            return data.replace(raw, inner[0]), body | {at: inner[1]}
    return None


def _inner_data(data: bytes, body: object) -> _Inner | None:
    """Unwrap ``data``, if it is the only member of an object."""
    if not isinstance(body, dict) or len(body) != 1 or not named(body, "data"):
        return None
    [(name, member)] = body.items()
    if not isinstance(member, dict | str):
        return None
    raw = bytes_of_members(data).get(name)
    if raw is None:
        return None
    before, _, after = data.partition(raw)
    # A repeated member is not unwrapped: the decoded body has only the last one.
    is_alone = after.strip(SPACE) == b"}" and before.count(b'"') == 2
    return (raw, member) if is_alone else None


def _object(text: bytes) -> _Inner | None:
    if not text.startswith(b"{"):
        return None
    try:
        body = decode_json(text)
    except BadMessage:
        return None
    return text, body


def bytes_of_members(data: bytes) -> dict[str, bytes]:
    """Return the bytes of each member of a valid JSON object; of repeated members, the last."""
    try:
        return {name: bytes(member) for name, member in _RAW.decode(data).items()}
    except (msgspec.DecodeError, RecursionError):
        return {name: member for name, _, member in members(data.decode())}


Inside = Literal["event", "part", "nothing"]


def find_inside(body: object) -> Inside:
    """Search a body for an event that is nested: the members of the body itself do not count.

    Returns:
        ``event`` if there is an event's name; ``part`` if there is only a property of a known
        event, or if the body has more than `MOST_VALUES` values; ``nothing`` otherwise.
    """
    found: Inside = "nothing"
    waiting = [body]
    for _ in range(MOST_VALUES):
        if not waiting:
            return found
        value = waiting.pop()
        if isinstance(value, str) and _EVENT_IN_TEXT.match(value):
            return "event"
        if isinstance(value, dict | list) and len(value) > MOST_VALUES:
            break
        if isinstance(value, dict):
            if value is not body and any(is_name(value[at]) for at in named(value, "event")):
                return "event"
            if value is not body and any(is_part(name) for name in value):
                found = "part"
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return "part"
