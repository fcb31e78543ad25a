"""The destination of each property of an event, computed once from the catalogue.

`load` looks up every property of every event, so the look-up of a documented spelling is a single
dictionary access.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

import msgspec

from functions.events.attributes import KINDS, Kind
from functions.events.catalogue import Catalogue, Event, Property
from functions.events.coerce import COERCIONS, to_list
from functions.events.names import letters, snake_case

Target = Literal[
    "column",  # a column of the row itself
    "record",  # a column of the `properties` or the `room` record
    "user_id",
    "nickname",
    "speakers",
    "user_agent",
    "occurred_at",
    "project",
    "nowhere",  # not stored, because it is personal and not needed
]
"""The kind of place where a property is stored. It is not an enum, because texts compare faster,
and this code runs for every property."""

_SPECIAL: dict[str, Target] = {
    "user_id": "user_id",
    "nickname": "nickname",
    "speakers": "speakers",
    "platform_user_agent": "user_agent",
    "occurred_at": "occurred_at",
    "project": "project",
}


class Destination(msgspec.Struct, frozen=True):
    """Where a property's value is stored, and with which type.

    Attributes:
        name: the property's canonical name.
        column: the column of the row or of the record; empty if the target is not a column.
        target: the kind of the destination.
        coerce: returns the typed value, None for "not known", or raises NotCoerced.
        allowed: the allowed values; empty if all values are allowed.
        private: whether the original value must not be stored anywhere in the row.
    """

    name: str
    column: str
    target: Target
    coerce: Callable[[object], object]
    allowed: frozenset[object]
    private: bool


class Layout:
    """The destinations of one event's properties.

    Attributes:
        name: the event's name in the documentation's spelling; None if it is not in the catalogue.
        record: the RECORD column that stores the event's own properties.
        destinations: destinations by canonical name, by alias and by the documentation's spelling.

    Args:
        event: an event of the catalogue, or the stand-in for events that are not in it.
        kind: the kind of the event.
        catalogued: whether ``event`` is in the catalogue.
    """

    def __init__(self, event: Event, kind: Kind, *, catalogued: bool) -> None:
        self.name = event.name if catalogued else None
        self.record = "room" if kind == "room" else "properties"
        own = {prop.name for prop in event.properties}
        self.destinations = {
            name: _destination(prop, own=prop.name in own) for name, prop in event.lookup.items()
        }
        # Documented spellings are keys too, so that they need no conversion to snake_case.
        self.destinations |= {
            prop.sent_as: self.destinations[prop.name] for prop in event.lookup.values()
        }
        self._letters = frozenset(map(letters, self.destinations))
        self._order = _order(event)

    def find(self, name: str) -> Destination | None:
        """Return the destination for any spelling of a name; None if the name is unknown."""
        if letters(name) not in self._letters:
            return None
        return self.destinations.get(snake_case(name))

    def precedence(self, name: str) -> tuple[int, str]:
        """Return the key that sorts the names if an event has several names of one property.

        The documented spelling comes first, then the canonical name, then the aliases in the
        catalogue's order, then other spellings in alphabetical order. So the order of the members
        in the body never matters.
        """
        order = self._order.get(name)
        return (order, "") if order is not None else (len(self._order), name)


class Layouts:
    """The layouts of all events.

    Args:
        catalogue: the catalogue of events.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._by_event = {
            **{event: Layout(event, "chat", catalogued=True) for event in catalogue.events},
            **{event: Layout(event, "room", catalogued=True) for event in catalogue.room_events},
        }
        self._fallback = {
            kind: Layout(catalogue.fallback(kind), kind, catalogued=False) for kind in KINDS
        }

    def find(self, kind: Kind, name: str | None) -> Layout:
        """Return an event's layout; an uncatalogued event gets the fallback layout of the kind."""
        event = self._catalogue.event(kind, name) if name is not None else None
        return self._fallback[kind] if event is None else self._by_event[event]


def _order(event: Event) -> dict[str, int]:
    names = dict.fromkeys(prop.sent_as for prop in event.lookup.values())
    names |= dict.fromkeys(prop.name for prop in event.lookup.values())
    names |= dict.fromkeys(event.lookup)
    return {name: number for number, name in enumerate(names)}


def _destination(prop: Property, *, own: bool) -> Destination:
    coerce = COERCIONS[prop.type]
    return Destination(
        name=prop.name,
        column=prop.column or "",
        target=_target(prop, own=own),
        coerce=partial(to_list, coerce_one=coerce) if prop.repeated else coerce,
        allowed=frozenset(prop.values),
        private=prop.privacy != "analytical",
    )


def _target(prop: Property, *, own: bool) -> Target:
    if prop.name in _SPECIAL:
        return _SPECIAL[prop.name]
    if prop.privacy != "analytical" or prop.column is None:
        return "nowhere"
    return "record" if own else "column"
