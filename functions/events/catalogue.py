"""The catalogue: all events, and the meaning of each property.

``catalogue.yaml`` is the single source. `load` and `privacy` read and check it once, at the start,
and turn it into plain dictionaries, so that `load` can look up every property of every event
quickly.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from functions.events.attributes import Kind
from functions.events.names import snake_case

Type = Literal["string", "integer", "number", "boolean", "timestamp"]
Privacy = Literal["analytical", "personal", "reduced"]
Act = Literal["sent", "opened", "taken_part", "asked", "accepted"]
"""What a person did on a day: ``active_days_v1`` has a column ``has_<act>`` for each."""
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr

_PYTHON_TYPES: dict[Type, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "timestamp": (str,),
}
_CANONICAL = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def _canonical(name: str) -> str:
    if not _CANONICAL.fullmatch(name):
        raise ValueError(f"{name!r} is not in snake_case")
    return name


def _plain(text: str) -> str:
    if not text.strip() or "\n" in text or "$" in text or "%{" in text:
        raise ValueError("a text must be one line without $ and %{, which templates interpret")
    return text


CanonicalName = Annotated[str, AfterValidator(_canonical)]
EventName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Text = Annotated[str, AfterValidator(_plain)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Property(_Model):
    """A property of events.

    Attributes:
        name: the canonical name, in snake_case.
        sent_as: the sender's spelling.
        column: the column that stores the property, or for a personal property, the user key that
            replaces it; None if no column does.
        type: the type to which values of the property are converted.
        repeated: whether the property may have several values.
        values: the allowed values; empty if all values are allowed.
        examples: example values, if all values are allowed.
        aliases: other canonical names with the same meaning.
        privacy: ``analytical``, ``personal`` or ``reduced``.
        description: one line that explains the property to readers.
    """

    name: CanonicalName
    sent_as: str
    column: CanonicalName | None
    type: Type
    repeated: StrictBool = False
    values: tuple[Scalar, ...] = ()
    examples: tuple[Scalar, ...] = ()
    aliases: tuple[CanonicalName, ...] = ()
    privacy: Privacy = "analytical"
    description: Text

    @model_validator(mode="before")
    @classmethod
    def _default_to_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" in data:
            return {"sent_as": data["name"], "column": data["name"]} | data
        return data

    @model_validator(mode="after")
    def _check(self) -> Self:
        if snake_case(self.sent_as) != self.name:
            raise ValueError(f"{self.name}: sent_as {self.sent_as!r} does not spell this name")
        if bool(self.values) == bool(self.examples):
            raise ValueError(f"{self.name}: needs either values or examples")
        for value in self.values + self.examples:
            fits = isinstance(value, _PYTHON_TYPES[self.type])
            if not fits or (isinstance(value, bool) and self.type != "boolean"):
                raise ValueError(f"{self.name}: {value!r} is not of type {self.type}")
        if self.privacy == "reduced" and self.column is not None:
            raise ValueError(f"{self.name}: a reduced property has no column of its own")
        return self


class EventDefinition(_Model):
    """An event in ``catalogue.yaml``; `Event` explains the attributes."""

    name: EventName
    description: Text
    mandatory: StrictBool = False
    acts: tuple[Act, ...] = ()
    aliases: tuple[CanonicalName, ...] = ()
    properties: tuple[Property, ...] = ()
    sample: dict[CanonicalName, Scalar] = {}


class Section(_Model):
    """A group of related events; groups exist only to help readers."""

    name: Text
    events: tuple[EventDefinition, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        for event in self.events:
            _check_privacy(event.name, event.properties, allowed={"analytical"})
        return self


class RoomDefinition(_Model):
    """The Rooms webhook in ``catalogue.yaml``.

    Attributes:
        aliases: for some common properties, the aliases in room events, instead of the usual ones.
        events: the room events.
        fields: the properties that each room event may have.
    """

    aliases: dict[CanonicalName, tuple[CanonicalName, ...]]
    events: tuple[EventDefinition, ...]
    fields: tuple[Property, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_privacy("room", self.fields, allowed={"analytical", "personal"})
        for event in self.events:
            if event.properties:
                raise ValueError(
                    f"{event.name}: a room event has no properties of its own;"
                    " add them to the fields of rooms"
                )
            if event.acts:
                raise ValueError(f"{event.name}: a room event is not an act of a person")
        return self


class Definition(_Model):
    """The whole ``catalogue.yaml``."""

    common: tuple[Property, ...]
    sections: tuple[Section, ...]
    room: RoomDefinition

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = self.room.aliases.keys() - {prop.name for prop in self.common}
        if unknown:
            raise ValueError(f"room aliases of unknown common properties: {sorted(unknown)}")
        return self


def _check_privacy(where: str, properties: tuple[Property, ...], *, allowed: set[Privacy]) -> None:
    """Raise ValueError if a property has a privacy class for which no code exists here."""
    for prop in properties:
        if prop.privacy not in allowed:
            expected = " or ".join(sorted(allowed))
            raise ValueError(f"{where}: privacy of {prop.name} must be {expected}")


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
    """An event of the catalogue, or a stand-in for events that the catalogue lacks.

    Attributes:
        name: the event's name in the documentation's spelling; ``uncatalogued`` for the stand-in.
        aliases: other canonical names of the event.
        view: the event's view in the BI dataset; None if it has no view.
        section: the heading in the documentation under which the event is listed.
        description: one line that explains the event to readers.
        mandatory: whether the basic metrics need the event.
        acts: what a person did on a day with such an event.
        properties: the event's own properties, without the common ones.
        lookup: the properties by canonical name and by alias; the event's own properties take
            precedence over aliases of common properties.
        sample: values for the sample payload, by property name; for every other property, the
            payload has the first example.
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
        property_columns: for each column of the ``properties`` record, the properties stored in it.
        room_columns: for each column of the ``room`` record, the properties stored in it.
    """

    events: tuple[Event, ...]
    room_events: tuple[Event, ...]
    common: tuple[Property, ...]
    property_columns: Mapping[str, tuple[Property, ...]]
    room_columns: Mapping[str, tuple[Property, ...]]
    _by_name: Mapping[str, Mapping[str, Event]]
    _fallback: Mapping[str, Event]

    def event(self, kind: Kind, name: str) -> Event | None:
        """Return the event with this name, in any spelling; None if the catalogue lacks it."""
        return self._by_name[kind].get(snake_case(name))

    def fallback(self, kind: Kind) -> Event:
        """Return the stand-in for events that are not in the catalogue.

        Its ``lookup`` has the common properties and, for the Rooms webhook, the room's fields.
        """
        return self._fallback[kind]


@functools.cache
def load_catalogue() -> Catalogue:
    """Read ``catalogue.yaml``.

    Raises:
        ValueError: the file breaks a rule; the message names the rule and the place.
    """
    return parse(yaml.load(SOURCE.read_bytes(), Loader=yaml.CSafeLoader))


def parse(source: object) -> Catalogue:
    """Check a decoded ``catalogue.yaml`` and index it.

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
    uncatalogued = _event(_UNCATALOGUED, "", None, (), common)
    return Catalogue(
        events=events,
        room_events=room_events,
        common=common,
        property_columns=_columns(prop for event in events for prop in event.properties),
        room_columns=_columns(fields),
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
    """Index an event's own properties, then the common ones under names that are still free."""
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
            raise ValueError(f"{prop.column}: its properties differ in type or repeated")
        columns[prop.column] = (*same, prop)
    return columns


def _with_aliases(
    common: tuple[Property, ...], aliases: Mapping[str, tuple[str, ...]]
) -> tuple[Property, ...]:
    return tuple(p.model_copy(update={"aliases": aliases.get(p.name, p.aliases)}) for p in common)
