"""Finds bodies that name two different events or two different projects.

JSON allows a member to be repeated, and decoders use the last one. Members may also have other
spellings, such as ``Event``, and a project may be beside ``value``. A choice between two different
values would be a guess, and would lose the other value. So a body with two different values is
refused.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from functions.acceptance import reasons
from functions.acceptance.reasons import Reason
from functions.acceptance.values import members
from functions.acceptance.wrapping import bytes_of_members
from functions.events.envelope import Envelope, is_blank, is_name, open_envelope, project_text
from functions.events.names import letters, snake_case

LONGEST_LISTED = 65_536
"""Repeated members are listed only in objects of up to this many bytes, because listing is slow."""

ESCAPED_LETTER = b"\\u00"
"""The start of each escaped letter of the Latin alphabet in JSON."""

_Member = tuple[str, object]

_DATA = ("data", "Data", "DATA")
_PROJECT = ("project", "Project", "PROJECT")
_OBJECTS = frozenset({"value", "data"})


def find_ambiguity(data: bytes, body: object, envelope: Envelope) -> Reason | None:
    """Return why a body is ambiguous; None if it names at most one event and one project.

    Args:
        data: the bytes of the body.
        body: the body, decoded from JSON.
        envelope: the envelope of the body.
    """
    if not isinstance(body, dict):
        return None
    names = [name for name in (*envelope.likely, *_DATA) if name in body and _decides(name)]
    raws = bytes_of_members(data)
    own = _members(data, body, raws, names)
    if own is None or _has_two_events(own, body, envelope):
        return reasons.EVENT_AMBIGUOUS
    projects = _projects(own)
    for name in names:
        value = body[name]
        if letters(name) == "value" and isinstance(value, dict):
            raw = raws.get(name, b"{}")  # missing if characters of the name were replaced
            spellings = [spelling for spelling in _PROJECT if spelling in value]
            inner = _members(raw, value, bytes_of_members(raw), spellings)
            if inner is None:
                return reasons.PROJECT_AMBIGUOUS
            projects |= _projects(inner)
    return reasons.PROJECT_AMBIGUOUS if len(projects) > 1 else None


def _has_two_events(own: list[_Member], body: dict[str, object], envelope: Envelope) -> bool:
    objects = Counter(name for name, _ in own if letters(name) in _OBJECTS)
    return (
        max(objects.values(), default=0) > 1
        or len(_events(own)) > 1
        or any(_has_another(body.get(name), envelope) for name in _DATA)
    )


def _decides(name: str) -> bool:
    return name in _PROJECT or letters(name) in {"event", *_OBJECTS}


def _events(members: Iterable[_Member]) -> set[str]:
    return {
        snake_case(str(member)) or str(member).strip()
        for name, member in members
        if letters(name) == "event" and is_name(member)
    }


def _has_another(inner: object, envelope: Envelope) -> bool:
    """Return whether an object contains an event that differs from the envelope's event."""
    if envelope.event is None or not isinstance(inner, dict):
        return False
    other = open_envelope(inner)
    return other.event is not None and (
        (other.event, other.value) != (envelope.event, envelope.value)
    )


def _projects(members: Iterable[_Member]) -> set[str]:
    return {
        project_text(member)
        for name, member in members
        if name in _PROJECT and not is_blank(member)
    }


def _members(
    data: bytes, body: dict[str, object], raws: Mapping[str, bytes], names: list[str]
) -> list[_Member] | None:
    """Return some members of an object; a repeated member occurs as often as it was sent.

    Args:
        data: the bytes of the object.
        body: the object, decoded from JSON.
        raws: the bytes of each member.
        names: the names of the members to return; the object has all of them.

    Returns:
        None if there are repeated members, and the object is too long to list them.
    """

    def beside_values(pattern: bytes) -> int:
        """Count a pattern in the bytes that are outside the members' values."""
        count = data.count(pattern)
        return count - sum(raw.count(pattern) for raw in raws.values()) if count else 0

    quoted = (b'"%b"' % name.encode(errors="replace") for name in names)
    # A letter in a name may be escaped, so an escaped letter may hide a repeated member.
    if not beside_values(ESCAPED_LETTER) and all(beside_values(name) <= 1 for name in quoted):
        return [(name, body[name]) for name in names]
    if len(data) > LONGEST_LISTED:
        return None
    return [(name, member) for name, member, _ in members(data.decode()) if name in names]
