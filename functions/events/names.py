"""Converts a sender's spelling of a name to the one spelling that this system uses.

``receive`` and ``load`` use the same conversion. So the attribute ``event`` of a message always
equals the column ``event`` of the row, and a subscription's filter matches every spelling.

The names come from ``names.json``, which ``make generate`` writes from the catalogue. Reading the
catalogue itself takes a quarter of a second, which would slow down cold starts of ``receive``.
"""

import functools
import re
from pathlib import Path

import msgspec

from functions.events.attributes import ATTRIBUTE_BYTES, Kind, cut

SOURCE = Path(__file__).with_name("names.json")

CACHED_LENGTH = 64
"""Names with more characters than this are not cached. Senders choose the names, so both the number
and the length of cached names must have a limit."""

_CANONICAL = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\W_]+")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Names(msgspec.Struct, frozen=True):
    """The catalogue's names, each in snake_case.

    Attributes:
        events: for each kind, a mapping from each name and alias of an event to the event's name.
        members: the names and aliases of all properties, and ``value``. A body that has a member
            with one of these names is an event.
        project: the names of the property ``project``, the documented one first.
    """

    events: dict[str, dict[str, str]]
    members: frozenset[str]
    project: tuple[str, ...]


@functools.cache
def load_names() -> Names:
    """Read ``names.json``; later calls return the same object.

    Raises:
        OSError: the file cannot be read.
        msgspec.DecodeError: the file does not have the expected form.
    """
    return msgspec.json.decode(SOURCE.read_bytes(), type=Names)


def snake_case(name: str) -> str:
    """Convert a name to snake_case, the form of column names; names are compared in this form.

    ``platformUserAgent`` becomes ``platform_user_agent``, ``user-list_opened`` becomes
    ``user_list_opened``. A name without any letter or digit becomes the empty string.
    """
    return _known(name) if len(name) <= CACHED_LENGTH else _convert(name)


def _convert(name: str) -> str:
    if _CANONICAL.fullmatch(name):
        return name
    return _SEPARATORS.sub("_", _WORD_START.sub("_", name).lower()).strip("_")


_known = functools.lru_cache(maxsize=2048)(_convert)


def letters(name: str) -> str:
    """Return the letters and digits of a name, in lower case.

    Names that are equal in snake_case have the same letters. So a comparison of letters is a first
    test, which is ten times as fast as `snake_case`. Speed matters, because a sender may give an
    event a hundred thousand members.
    """
    return _SEPARATORS.sub("", name.lower())


def may_be_known(name: str) -> bool:
    """Return whether a name may mean ``event``, ``value`` or a property of the catalogue.

    This is a fast first test: False is certain, True is not.
    """
    return letters(name) in _known_letters()


@functools.cache
def _known_letters() -> frozenset[str]:
    names = load_names()
    return frozenset(letters(name) for name in {"event", *names.members, *names.project})


def event_name(kind: Kind, sent: str) -> str:
    """Return the name of an event for the attribute ``event`` and the column ``event``.

    Args:
        kind: the kind of the event.
        sent: the sender's spelling; not blank.

    Returns:
        The catalogue's spelling. If the event is not in the catalogue, this is the name in
        snake_case; a name without letters and digits stays as sent. The result has at most 1,024
        bytes of UTF-8 (Pub/Sub's limit for an attribute), and is never empty.
    """
    return _named(kind, sent) if len(sent) <= CACHED_LENGTH else _name(kind, sent)


def _name(kind: Kind, sent: str) -> str:
    canonical = snake_case(sent)
    known = load_names().events[kind].get(canonical)
    if known is not None:
        return known
    if not canonical:
        # Replace the characters that BigQuery and Pub/Sub refuse, in the same way as `decode_json`.
        canonical = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", sent.strip())
    return cut(canonical, ATTRIBUTE_BYTES)


_named = functools.lru_cache(maxsize=2048)(_name)


def is_member(name: str) -> bool:
    """Return whether a name, in any spelling, is ``value`` or a property of the catalogue."""
    return may_be_known(name) and snake_case(name) in load_names().members
