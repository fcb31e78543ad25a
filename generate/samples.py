"""Writes a sample payload for each event, in the sender's spelling."""

import json

from functions.events.catalogue import Catalogue, Event, Property, Scalar, snake_case

FOLDER = "docs/samples"

# The documentation does not list a time among the common properties. Of room events, only these
# common properties are known.
CHAT_WITHOUT = {"occurred_at"}
ROOM_WITH = {"project", "event_id"}


def render(catalogue: Catalogue) -> dict[str, str]:
    """Return path -> content of the samples."""
    chat = tuple(prop for prop in catalogue.common if prop.name not in CHAT_WITHOUT)
    room = tuple(prop for prop in catalogue.common if prop.name in ROOM_WITH)
    samples = [(event, payload(event, chat)) for event in catalogue.events]
    samples += [(event, payload(event, room)) for event in catalogue.room_events]
    return {
        f"{FOLDER}/{snake_case(event.name)}.json": json.dumps(body, indent=2, ensure_ascii=False)
        + "\n"
        for event, body in samples
    }


def payload(event: Event, common: tuple[Property, ...]) -> dict[str, object]:
    """Build an event's body with these common properties and all of its own properties."""
    properties = common + event.properties
    return {"event": event.name, "value": {p.sent_as: _value(event, p) for p in properties}}


def _value(event: Event, prop: Property) -> Scalar | list[Scalar]:
    if prop.name in event.sample:
        return event.sample[prop.name]
    given = prop.values or prop.examples
    return list(given) if prop.repeated else given[0]
