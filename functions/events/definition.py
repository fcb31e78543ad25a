"""What ``catalogue.yaml`` may say: the rules for one property, one event and the file's shape."""

import re
from typing import Annotated, Any, Literal, Self

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

from functions.events.names import snake_case

Type = Literal["string", "integer", "number", "boolean", "timestamp"]
Privacy = Literal["analytical", "personal", "reduced"]
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
        raise ValueError("a text is one line, without the $ and %{ that templates interpret")
    return text


CanonicalName = Annotated[str, AfterValidator(_canonical)]
EventName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Text = Annotated[str, AfterValidator(_plain)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Property(_Model):
    """A property of events.

    Attributes:
        name: canonical, in snake_case.
        sent_as: the sender's spelling.
        column: where it is stored; a personal one only as a user key. None if in no column.
        type: what its values are coerced to.
        repeated: may have several values.
        values: the allowed ones; empty for an open list.
        examples: values of an open list.
        aliases: other canonical names that mean the same.
        privacy: ``analytical``, ``personal`` or ``reduced``.
        description: one line for people.
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
            raise ValueError(f"{self.name}: sent_as {self.sent_as!r} is another name")
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
    """An event as the file states it; the attributes are those of ``catalogue.Event``."""

    name: EventName
    description: Text
    mandatory: StrictBool = False
    aliases: tuple[CanonicalName, ...] = ()
    properties: tuple[Property, ...] = ()
    sample: dict[CanonicalName, Scalar] = {}


class Section(_Model):
    """Events that belong together for people."""

    name: Text
    events: tuple[EventDefinition, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        for event in self.events:
            _check_privacy(event.name, event.properties, allowed={"analytical"})
        return self


class RoomDefinition(_Model):
    """The Rooms webhook.

    Attributes:
        aliases: common property -> the names that mean it here, instead of its own aliases.
        events: the room events.
        fields: the properties that each of them may have.
    """

    aliases: dict[CanonicalName, tuple[CanonicalName, ...]]
    events: tuple[EventDefinition, ...]
    fields: tuple[Property, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_privacy("room", self.fields, allowed={"analytical", "personal"})
        for event in self.events:
            if event.properties:
                raise ValueError(f"{event.name}: room events share the room's fields")
        return self


class Definition(_Model):
    """The whole file."""

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
    """Refuse classes that nothing would honour there: only a room's people become user keys."""
    for prop in properties:
        if prop.privacy not in allowed:
            raise ValueError(f"{where}: {prop.name} cannot be {prop.privacy} here")
