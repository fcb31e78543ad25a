"""Says where each property of an event is stored; computed once from the catalogue.

`load` looks up every property of every event, so it must be fast: for a documented spelling, the
look-up is a single dictionary access.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Literal

import msgspec

from functions.events.attributes import KINDS, Kind
from functions.events.catalogue import Catalogue, Event, Property
from functions.events.coerce import COERCIONS, NotCoerced, to_integer, to_list, to_number, within
from functions.events.guess import Guess, NumberRules, guess_list, guess_number
from functions.events.identity import is_nobody, to_identity, to_speaker
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
    "nowhere",  # not stored in the row, because it is personal
]
"""The kind of place where a property is stored. The kinds are texts, not an enum, because texts
compare faster, and this code runs for every property."""

_PART = re.compile(r"(?P<name>.*?[^0-9_])_?(?P<number>[0-9]{1,4})")
"""Matches the name of one part of a property, such as ``answer_2``."""

_SPECIAL: dict[str, Target] = {
    "user_id": "user_id",
    "nickname": "nickname",
    "speakers": "speakers",
    "platform_user_agent": "user_agent",
    "occurred_at": "occurred_at",
    "project": "project",
}


class Destination(msgspec.Struct, frozen=True):
    """Where and how a property's value is stored.

    Attributes:
        name: the property's canonical name.
        column: the property's column in the catalogue; empty if it has none.
        target: the kind of place where the value is stored.
        coerce: reads a value; returns None for "not known", and raises NotCoerced if it cannot read
            it.
        guess: reads values that `coerce` refuses, or raises NotCoerced; None if values of the
            property are never guessed.
        allowed: the allowed values; empty if all values are allowed.
        spellings: the allowed texts, by their letters and digits in lower case.
        private: whether the original value must not be stored anywhere in the row.
        repeated: whether the property may have several values.
        otherwise: if a sent name may mean two properties, the destination of the second one; it
            takes the values that this one cannot read. None if the name means only this property.
    """

    name: str
    column: str
    target: Target
    coerce: Callable[[object], object]
    guess: Callable[[object], Guess] | None
    allowed: frozenset[object]
    spellings: Mapping[str, str]
    private: bool
    repeated: bool
    otherwise: "Destination | None" = None

    def reads(self, value: object) -> bool:
        """Return whether a value, as sent, can be read by this destination or by `otherwise`."""
        for read in (self.coerce, self.guess):
            with suppress(NotCoerced):
                if read is not None:
                    read(value)
                    return True
        return self.otherwise is not None and self.otherwise.reads(value)


class Layout:
    """The destinations of the properties of one event.

    Attributes:
        name: the event's name in the documentation's spelling; None if it is not in the catalogue.
        record: the RECORD column that stores the event's own properties.
        destinations: destinations by canonical name, by alias and by the documentation's spelling.
        is_shared: whether some name belongs to two properties, so that its value decides which is
            meant.
        is_repeated: whether one of the event's own properties may have several values.
        is_numbered: whether one of the event's own properties may come in parts with numbered
            names.

    Args:
        catalogue: the catalogue of events.
        event: an event of the catalogue, or the stand-in for events that are not in it.
        kind: the kind of the event.
        catalogued: whether ``event`` is in the catalogue.
    """

    def __init__(self, catalogue: Catalogue, event: Event, kind: Kind, *, catalogued: bool) -> None:
        self.name = event.name if catalogued else None
        self.record = "room" if kind == "room" else "properties"
        own = {prop.name for prop in event.properties}
        made = {
            prop.name: _destination(catalogue, prop, own=prop.name in own)
            for prop in event.lookup.values()
        }
        self.destinations = {name: made[prop.name] for name, prop in event.lookup.items()}
        # Documented spellings are also keys, so that they need no conversion to snake_case.
        self.destinations |= {
            prop.sent_as: self.destinations[prop.name] for prop in event.lookup.values()
        }
        shared = {
            name: msgspec.structs.replace(self.destinations[name], otherwise=made[prop.name])
            for name, prop in catalogue.fallback(kind).lookup.items()
            if event.lookup[name] is not prop
        }
        self.destinations |= shared
        self.is_shared = bool(shared)
        self.is_repeated = any(prop.repeated for prop in event.properties)
        self._numbered = frozenset(
            name for name, prop in event.lookup.items() if prop.numbered and prop.name in own
        )
        self.is_numbered = bool(self._numbered)
        self._letters = frozenset(map(letters, self.destinations))
        self._order = _order(event)

    def find(self, name: str) -> Destination | None:
        """Return the destination for any spelling of a name; None if the name is unknown."""
        if letters(name) in self._letters:
            return self.destinations.get(snake_case(name))
        if self.is_numbered and (part := self.part(name)):
            return self.destinations[part[0]]
        return None

    def part(self, name: str) -> tuple[str, int] | None:
        """Split the name of a part of a property, such as ``answer_2``, into name and number.

        Returns:
            The property's name in snake_case, and the number; None if the given name is not the
            name of a part.
        """
        if name in self.destinations:
            return None
        if letters(name).rstrip("0123456789") not in self._letters:
            return None
        found = _PART.fullmatch(snake_case(name))
        if found is None or found["name"] not in self._numbered:
            return None
        return found["name"], int(found["number"])

    def precedence(self, name: str) -> tuple[int, str]:
        """Return a sort key for the names of one property; the lowest key comes first.

        An event may have the property under several names. The documented spelling comes first,
        then the canonical name, then the aliases in the catalogue's order, then other spellings in
        alphabetical order. So the order of the members in the body never matters.
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
            **{
                event: Layout(catalogue, event, "chat", catalogued=True)
                for event in catalogue.events
            },
            **{
                event: Layout(catalogue, event, "room", catalogued=True)
                for event in catalogue.room_events
            },
        }
        self._fallback = {
            kind: Layout(catalogue, catalogue.fallback(kind), kind, catalogued=False)
            for kind in KINDS
        }

    def find(self, kind: Kind, name: str | None) -> Layout:
        """Return the layout of an event.

        If the event is not in the catalogue, this is the layout for uncatalogued events of its
        kind.
        """
        event = self._catalogue.event(kind, name) if name is not None else None
        return self._fallback[kind] if event is None else self._by_event[event]


def _order(event: Event) -> dict[str, int]:
    names = dict.fromkeys(prop.sent_as for prop in event.lookup.values())
    names |= dict.fromkeys(prop.name for prop in event.lookup.values())
    names |= dict.fromkeys(event.lookup)
    return {name: number for number, name in enumerate(names)}


def _destination(catalogue: Catalogue, prop: Property, *, own: bool) -> Destination:
    coerce, guess = _reading(catalogue, prop)
    if prop.repeated:
        is_empty = partial(is_nobody, words=frozenset(prop.empty)) if prop.empty else None
        guess = partial(guess_list, coerce_one=coerce, is_empty=is_empty)
        coerce = partial(to_list, coerce_one=coerce, keeps_empty=bool(prop.empty))
    return Destination(
        name=prop.name,
        column=prop.column or "",
        target=_target(prop, own=own),
        coerce=coerce,
        guess=guess,
        allowed=frozenset(prop.values),
        spellings={letters(text): text for text in prop.values if isinstance(text, str)},
        private=prop.privacy != "analytical",
        repeated=prop.repeated,
    )


def _reading(
    catalogue: Catalogue, prop: Property
) -> tuple[Callable[[object], object], Callable[[object], Guess] | None]:
    """Return two functions for a property: one reads strictly; the other guesses, or is None."""
    if prop.placeholders:
        placeholders = frozenset(prop.placeholders)
        read = to_speaker if prop.name == "speakers" else to_identity
        return lambda value: read(value, placeholders), None
    if prop.type not in {"integer", "number"}:
        return COERCIONS[prop.type], None
    limits = catalogue.limits(prop)
    rules = NumberRules(
        is_whole=prop.type == "integer",
        fractions=prop.fractions,
        limits=limits,
        factors=catalogue.units[prop.unit].spellings if prop.unit else {},
    )
    guess = partial(guess_number, rules=rules)
    if prop.type == "integer":
        return within(limits, to_integer) if limits else to_integer, guess
    return within(limits, to_number) if limits else to_number, guess


def _target(prop: Property, *, own: bool) -> Target:
    if prop.name in _SPECIAL:
        return _SPECIAL[prop.name]
    if prop.privacy != "analytical" or prop.column is None:
        return "nowhere"
    return "record" if own else "column"
