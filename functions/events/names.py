"""Names as senders write them, and the one spelling of each that this system uses.

``receive`` and ``load`` both take an event's name from here. So the attribute ``event`` of a
message always equals the column ``event`` of the row that it becomes, and a subscription's filter
hears an event under every spelling that is accepted.

The names come from ``names.json``, which ``make generate`` writes from the catalogue. Reading the
catalogue itself takes a quarter of a second, which a cold start of ``receive`` should not wait for.
"""

import functools
import re
from pathlib import Path

import msgspec

from functions.events.attributes import ATTRIBUTE_BYTES, Kind, cut

SOURCE = Path(__file__).with_name("names.json")

CACHED_LENGTH = 64
"""Names come from the sender: caches are bounded in entries, and in the length of each."""

_CANONICAL = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\W_]+")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Names(msgspec.Struct, frozen=True):
    """The catalogue's names, each in snake_case.

    Attributes:
        events: by kind, the names and aliases of each event, with the catalogue's spelling.
        members: names and aliases of every property of any event, and ``value``. A body that has
            one of them tells of an event.
        project: the names of the project, the documented one first.
    """

    events: dict[str, dict[str, str]]
    members: frozenset[str]
    project: tuple[str, ...]


@functools.cache
def load_names() -> Names:
    """Read ``names.json``.

    Raises:
        OSError: it cannot be read.
        msgspec.DecodeError: it is not of the expected form.
    """
    return msgspec.json.decode(SOURCE.read_bytes(), type=Names)


def snake_case(name: str) -> str:
    """Bring a name into the form in which names are compared and columns are called.

    ``platformUserAgent`` becomes ``platform_user_agent``, ``user-list_opened`` becomes
    ``user_list_opened``; a name without any letter or digit becomes the empty string.
    """
    return _known(name) if len(name) <= CACHED_LENGTH else _convert(name)


def _convert(name: str) -> str:
    if _CANONICAL.fullmatch(name):
        return name
    return _SEPARATORS.sub("_", _WORD_START.sub("_", name).lower()).strip("_")


_known = functools.lru_cache(maxsize=2048)(_convert)


def event_name(kind: Kind, sent: str) -> str:
    """Return the name of an event for the attribute ``event`` and the column ``event``.

    Args:
        kind: the webhook that the event came by.
        sent: the sender's spelling; not blank.

    Returns:
        The catalogue's spelling. For an event that is not catalogued the name in snake_case, or as
        sent if it has no letter and no digit. At most 1,024 bytes of UTF-8 (the limit that Pub/Sub
        sets for an attribute), and never empty.
    """
    return _named(kind, sent) if len(sent) <= CACHED_LENGTH else _name(kind, sent)


def _name(kind: Kind, sent: str) -> str:
    canonical = snake_case(sent)
    known = load_names().events[kind].get(canonical)
    if known is not None:
        return known
    if not canonical:
        # No database and no attribute takes these; loading stores the same character instead.
        canonical = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", sent.strip())
    return cut(canonical, ATTRIBUTE_BYTES)


_named = functools.lru_cache(maxsize=2048)(_name)


def is_member(name: str) -> bool:
    """Say whether a name, in any spelling, is ``value`` or a property of a catalogued event."""
    return snake_case(name) in load_names().members
