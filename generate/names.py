"""Writes ``functions/events/names.json``: the catalogue's names, in a form that loads fast."""

import json

from functions.events.attributes import KINDS
from functions.events.catalogue import Catalogue, Event, snake_case

PATH = "functions/events/names.json"


def render(catalogue: Catalogue) -> dict[str, str]:
    """Return the content of the file, by path."""
    of_kind = {"chat": catalogue.events, "room": catalogue.room_events}
    names = {
        "events": {kind: _spellings(of_kind.get(kind, ())) for kind in KINDS},
        "members": sorted(
            {
                "value",
                *catalogue.fallback("chat").lookup,
                *catalogue.fallback("room").lookup,
                *(name for event in catalogue.events for name in event.lookup),
            }
        ),
        "project": next(
            [prop.name, *prop.aliases] for prop in catalogue.common if prop.name == "project"
        ),
    }
    return {PATH: json.dumps(names, indent=1) + "\n"}


def _spellings(events: tuple[Event, ...]) -> dict[str, str]:
    return {
        name: event.name
        for event in events
        for name in sorted({snake_case(event.name), *event.aliases})
    }
