"""Reads the catalogue: all events, and the meaning of their properties.

``catalogue.yaml`` is the only source. `load` and `privacy` read and check it once, when they start,
and make dictionaries from it. So `load` can quickly find every property of every event.
"""

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from functions.events.attributes import Kind
from functions.events.coerce import Limits
from functions.events.definition import (
    Act,
    Definition,
    EventDefinition,
    Flag,
    Property,
    Scalar,
    Unit,
)
from functions.events.names import snake_case

__all__ = [
    "Act",
    "Catalogue",
    "Event",
    "Property",
    "Scalar",
    "load_catalogue",
    "parse",
    "snake_case",
]

SOURCE = Path(__file__).with_name("catalogue.yaml")
ROOM_SECTION = "Rooms"

_UNCATALOGUED = EventDefinition(name="uncatalogued", description="Not in the catalogue.")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """An event of the catalogue, or the stand-in for events that are not in the catalogue.

    Attributes:
        name: the event's name in the documentation's spelling; ``uncatalogued`` for the stand-in.
        aliases: other names of the event, in snake_case.
        view: the name of the event's view in the BI dataset; None if it has no view.
        section: the heading in the documentation under which the event is listed.
        description: one line that explains the event to readers.
        mandatory: whether the basic metrics need the event.
        acts: the acts that the event counts as.
        properties: the event's own properties, without those that all events have.
        lookup: the properties by name and by alias, in snake_case. If a name or alias of an
            own property is also an alias of a common property, it means the own property.
        sample: values for the event's sample payload, by property name. A property without a value
            here gets its first allowed value or example; if it may have several values, it gets all
            of them.
    """

    name: str
    aliases: tuple[str, ...]
    view: str | None
    section: str
    description: str
    mandatory: bool
    acts: tuple[Act, ...]
    properties: tuple[Property, ...]
    lookup: Mapping[str, Property]
    sample: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All events and properties, checked for consistency.

    Attributes:
        events: the events of the All Events webhook, in the order of the file.
        room_events: the events of the Rooms webhook.
        common: the properties that every event may have.
        property_columns: the properties that each column of the ``properties`` record stores, by
            column.
        room_columns: the properties that each column of the ``room`` record stores, by column.
        units: the units of numbers, by name.
        flags: the codes of the column ``flags``, with their explanations.
    """

    events: tuple[Event, ...]
    room_events: tuple[Event, ...]
    common: tuple[Property, ...]
    property_columns: Mapping[str, tuple[Property, ...]]
    room_columns: Mapping[str, tuple[Property, ...]]
    units: Mapping[str, Unit]
    flags: tuple[Flag, ...]
    _by_name: Mapping[str, Mapping[str, Event]]
    _fallback: Mapping[str, Event]

    def event(self, kind: Kind, name: str) -> Event | None:
        """Return the event with this name, in any spelling; None if it is not in the catalogue."""
        return self._by_name[kind].get(snake_case(name))

    def fallback(self, kind: Kind) -> Event:
        """Return the stand-in for events of a kind that are not in the catalogue.

        It has the common properties; for the kind ``room``, it also has the properties of rooms.
        """
        return self._fallback[kind]

    def limits(self, prop: Property) -> Limits | None:
        """Return the least and the greatest possible value of a property; None if all are possible.

        The property's own limits count. Where it has none, a number with a unit is between 0 and
        the unit's maximum.
        """
        unit = self.units[prop.unit] if prop.unit else None
        if unit is None and prop.minimum is None and prop.maximum is None:
            return None
        least = prop.minimum if prop.minimum is not None else (0 if unit else -math.inf)
        most = prop.maximum
        if most is None and unit is not None:
            most = unit.maximum
        return Limits(least, math.inf if most is None else most)


@functools.cache
def load_catalogue() -> Catalogue:
    """Read ``catalogue.yaml``; later calls return the same object.

    Raises:
        ValueError: the file breaks a rule; the message names the rule and the place.
    """
    return parse(yaml.load(SOURCE.read_bytes(), Loader=yaml.CSafeLoader))


def parse(source: object) -> Catalogue:
    """Check a decoded ``catalogue.yaml``, and make the catalogue from it.

    Raises:
        ValueError: the file breaks a rule; the message names the rule and the place.
    """
    definition = Definition.model_validate(source)
    common, fields = definition.common, definition.room.fields
    room_common = _with_aliases(common, definition.room.aliases)
    _index("the common columns", ((p, (p.column,)) for p in common if p.column))
    events = tuple(
        _event(event, section.name, f"event_{snake_case(event.name)}", event.properties, common)
        for section in definition.sections
        for event in section.events
    )
    room_events = tuple(
        _event(event, ROOM_SECTION, None, fields, room_common) for event in definition.room.events
    )
    _check_units(definition)
    uncatalogued = _event(_UNCATALOGUED, "", None, (), common)
    return Catalogue(
        events=events,
        room_events=room_events,
        common=common,
        property_columns=_columns(prop for event in events for prop in event.properties),
        room_columns=_columns(fields),
        units=definition.units,
        flags=definition.flags,
        _by_name={
            "chat": _index("events", ((e, (snake_case(e.name), *e.aliases)) for e in events)),
            "room": _index("rooms", ((e, (snake_case(e.name), *e.aliases)) for e in room_events)),
            "test": {},
        },
        _fallback={
            "chat": uncatalogued,
            "room": _event(_UNCATALOGUED, ROOM_SECTION, None, fields, room_common),
            "test": uncatalogued,
        },
    )


def _check_units(definition: Definition) -> None:
    own = (prop for section in definition.sections for e in section.events for prop in e.properties)
    for prop in (*definition.common, *definition.room.fields, *own):
        if prop.unit is not None and prop.unit not in definition.units:
            raise ValueError(f"{prop.name}: the unit {prop.unit!r} is not in the list of units")


def _event(
    source: EventDefinition,
    section: str,
    view: str | None,
    properties: tuple[Property, ...],
    common: tuple[Property, ...],
) -> Event:
    lookup = _lookup(source.name, properties, common)
    unknown = source.sample.keys() - {prop.name for prop in lookup.values()}
    if unknown:
        raise ValueError(f"{source.name}: its sample has unknown properties {sorted(unknown)}")
    return Event(
        name=source.name,
        aliases=source.aliases,
        view=view,
        section=section,
        description=source.description,
        mandatory=source.mandatory,
        acts=source.acts,
        properties=properties,
        lookup=lookup,
        sample=source.sample,
    )


def _lookup(
    where: str, own: tuple[Property, ...], common: tuple[Property, ...]
) -> dict[str, Property]:
    """Index properties by name and alias; own names come before aliases of common properties."""
    lookup = _index(where, ((p, (p.name, *p.aliases)) for p in own))
    for prop in common:
        if prop.name in lookup:
            raise ValueError(f"{where}: {prop.name!r} is already the name of a common property")
    for name, prop in _index("common", ((p, (p.name, *p.aliases)) for p in common)).items():
        lookup.setdefault(name, prop)
    return lookup


def _index(where: str, entries: Iterable[tuple[T, tuple[str, ...]]]) -> dict[str, T]:
    index: dict[str, T] = {}
    for item, names in entries:
        for name in names:
            if name in index:
                raise ValueError(f"{where}: the name {name!r} is given twice")
            index[name] = item
    return index


def _columns(properties: Iterable[Property]) -> dict[str, tuple[Property, ...]]:
    """Group properties by column, in the order of first appearance."""
    columns: dict[str, tuple[Property, ...]] = {}
    for prop in properties:
        if prop.column is None:
            raise ValueError(f"{prop.name}: only a common property may have no column")
        same = columns.get(prop.column, ())
        if same and (same[0].type, same[0].repeated) != (prop.type, prop.repeated):
            raise ValueError(f"{prop.column}: its properties differ in `type` or `repeated`")
        columns[prop.column] = (*same, prop)
    return columns


def _with_aliases(
    common: tuple[Property, ...], aliases: Mapping[str, tuple[str, ...]]
) -> tuple[Property, ...]:
    return tuple(p.model_copy(update={"aliases": aliases.get(p.name, p.aliases)}) for p in common)
