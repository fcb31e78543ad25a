"""Checks ``catalogue.yaml``: the form of each part, and the rules that each part must obey."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, get_args

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

from functions.events.findings import Finding
from functions.events.guess import Fractions
from functions.events.identity import plain
from functions.events.names import letters, snake_case

Type = Literal["string", "id", "integer", "number", "boolean", "timestamp"]
Privacy = Literal["analytical", "personal", "reduced"]
Act = Literal["sent", "opened", "taken_part", "asked", "accepted"]
"""Something that a person did on a day. ``active_days_v1`` has a column ``has_<act>`` for each
act."""
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr

_PYTHON_TYPES: dict[Type, tuple[type, ...]] = {
    "string": (str,),
    "id": (str,),
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
        raise ValueError(
            "a text must be one line that is not blank, without $ and %{, which templates interpret"
        )
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
        sent_as: the name in the documentation's spelling.
        column: the column that stores the property; for a personal property, the column that stores
            the user key instead. None if no column stores the property.
        type: the type to which values of the property are converted.
        repeated: whether the property may have several values.
        values: the allowed values; empty if all values are allowed.
        examples: example values, if all values are allowed.
        aliases: other canonical names with the same meaning.
        numbered: whether each value may come under a name with a number at the end, such as
            ``answer_2``.
        unit: the unit of a number; None if it has no unit, or if the sender does not state it.
        minimum: the least possible number. None means 0 for a number with a unit, and no limit for
            any other number.
        maximum: the greatest possible number. None means the unit's maximum for a number with a
            unit, and no limit for any other number.
        fractions: how a number with a fraction becomes an integer; None if such a number is
            refused.
        placeholders: words that senders write instead of an unknown id, in the form that
            `functions.events.identity.plain` returns.
        empty: words that mean an empty list, in the same form. If there are none, an empty list
            means "not known".
        most: if the property is a list of people, the maximum number of them that is stored; None
            for no limit.
        privacy: ``analytical``: stored as sent. ``personal``: identifies a person, and is stored as
            a user key or in an identity only. ``reduced``: only values that derive from it are
            stored.
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
    numbered: StrictBool = False
    unit: str | None = None
    minimum: StrictInt | StrictFloat | None = None
    maximum: StrictInt | StrictFloat | None = None
    fractions: Fractions | None = None
    placeholders: tuple[StrictStr, ...] = ()
    empty: tuple[StrictStr, ...] = ()
    most: StrictInt | None = None
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

    @model_validator(mode="after")
    def _check_reading(self) -> Self:
        """Check the members that say how values are read, such as `values` and `unit`."""
        texts = [letters(value) for value in self.values if isinstance(value, str)]
        if len(set(texts)) < len(texts):
            raise ValueError(f"{self.name}: two values differ in case or separators only")
        if self.numbered and not self.repeated:
            raise ValueError(f"{self.name}: only a repeated property may be numbered")
        if self.fractions and self.type != "integer":
            raise ValueError(f"{self.name}: only an integer may have `fractions`")
        of_numbers = (self.unit, self.minimum, self.maximum)
        if self.type not in {"integer", "number"} and any(x is not None for x in of_numbers):
            raise ValueError(
                f"{self.name}: only an integer or a number may have a unit, minimum or maximum"
            )
        if self.placeholders and self.type != "id":
            raise ValueError(f"{self.name}: only an id may have placeholders")
        if any(plain(word) != word for word in self.placeholders + self.empty):
            raise ValueError(f"{self.name}: write placeholders in lower case, without spaces")
        if self.empty and not self.repeated:
            raise ValueError(f"{self.name}: only a repeated property may have words for `empty`")
        if self.most is not None and (self.privacy != "personal" or not self.repeated):
            raise ValueError(f"{self.name}: only a list of people may have `most`")
        return self


class Unit(_Model):
    """The unit of a number.

    Attributes:
        maximum: the greatest possible number in this unit; None if there is no limit. A property
            may have a maximum of its own.
        spellings: the ways to write this unit, or a related one such as minutes, behind a number,
            in lower case. Each has the factor that converts the number to this unit.
    """

    maximum: StrictInt | StrictFloat | None = None
    spellings: dict[str, Decimal]


class Flag(_Model):
    """A code of the column ``flags``, with its explanation.

    Attributes:
        name: the code.
        meaning: the condition that the code reports.
        stored: the content of the row in this case.
    """

    name: Finding
    meaning: Text
    stored: Text


class EventDefinition(_Model):
    """An event in ``catalogue.yaml``. `functions.events.catalogue.Event` explains the members."""

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
    """The part of ``catalogue.yaml`` about the Rooms webhook.

    Attributes:
        aliases: for some common properties, the aliases in room events; they replace the usual
            aliases.
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
    """The whole content of ``catalogue.yaml``."""

    flags: tuple[Flag, ...]
    units: dict[str, Unit]
    common: tuple[Property, ...]
    sections: tuple[Section, ...]
    room: RoomDefinition

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = self.room.aliases.keys() - {prop.name for prop in self.common}
        if unknown:
            raise ValueError(f"room aliases: {sorted(unknown)} must be common properties")
        if [flag.name for flag in self.flags] != list(get_args(Finding)):
            raise ValueError("flags: list each finding once, in the order of findings.py")
        return self


def _check_privacy(where: str, properties: tuple[Property, ...], *, allowed: set[Privacy]) -> None:
    """Raise ValueError if the `privacy` of a property is not one of the allowed values."""
    for prop in properties:
        if prop.privacy not in allowed:
            expected = " or ".join(sorted(allowed))
            raise ValueError(f"{where}: privacy of {prop.name} must be {expected}")
