"""Writes a sample payload for each event, with names in the sender's spelling."""

import json

from functions.events.catalogue import Catalogue, Event, Property, Scalar, snake_case

FOLDER = "docs/samples"

# The sender's documentation lists no time among the common properties of chat events. Room events
# are known to have only the common properties in ROOM_WITH.
CHAT_WITHOUT = {"occurred_at"}
ROOM_WITH = {"project", "event_id"}


def render(catalogue: Catalogue) -> dict[str, str]:
    """Return the content of the samples, by path."""
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
    """Return an event's body with the given common properties and all of the event's own."""
    properties = common + event.properties
    return {"event": event.name, "value": {p.sent_as: _value(event, p) for p in properties}}


def _value(event: Event, prop: Property) -> Scalar | list[Scalar]:
    if prop.name in event.sample:
        return event.sample[prop.name]
    given = prop.values or prop.examples
    return list(given) if prop.repeated else given[0]
