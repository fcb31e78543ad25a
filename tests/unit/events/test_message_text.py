"""Events have no texts of messages, so no text stays here if a message is deleted in the chat."""

import json

import pytest

from functions.events.catalogue import Property, load_catalogue
from functions.load.row import RowBuilder
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.schema import list_views

CATALOGUE = load_catalogue()

FREE_TEXTS = {
    "about": "of the room's makers",
    "answer": "an answer that a poll offers",
    "header": "of a pop-up's makers",
    "hl_button_text": "of a highlight's makers",
    "hl_content": "of a highlight's makers",
    "language_selected": "a language",
    "name": "of the room's makers",
    "pic": "an address",
    "question": "of a poll's makers",
    "source_url": "an address",
    "step": "of a form",
    "stream_url": "an address",
    "user_status": "whether the user is authorized",
}
"""Properties that are free texts, each with the author of the texts, who is never a chat user.

The tests fail for a new free text until it is added here. First find out who writes it.
"""


def is_free(prop: Property) -> bool:
    return prop.type == "string" and not prop.values


def test_no_property_has_texts_of_chat_users() -> None:
    own = {
        prop.name
        for event in (*CATALOGUE.events, *CATALOGUE.room_events)
        for prop in event.properties
        if is_free(prop)
    }

    assert own == FREE_TEXTS.keys()


def test_events_about_messages_say_only_of_which_kind_and_where() -> None:
    about = {
        event.name: {prop.name for prop in event.properties}
        for event in CATALOGUE.events
        if any(word in event.name for word in ("message", "emoji", "sticker", "report"))
    }

    assert "message_sent" in about
    assert set().union(*about.values()) == {"message_type", "ordinal", "type"}
    free = {prop.name for event in CATALOGUE.events for prop in event.properties if is_free(prop)}
    assert not free & set().union(*about.values())


def test_no_message_is_named_that_could_be_deleted() -> None:
    names = {name for event in CATALOGUE.events for name in event.lookup}

    assert not {name for name in names if name.startswith("message_") and name != "message_type"}


@pytest.mark.parametrize("name", ["text", "message", "body", "content", "message_text"])
def test_a_text_that_is_sent_nevertheless_is_in_no_view(name: str) -> None:
    rows = RowBuilder(CATALOGUE, PseudonymKeys(1, {1: b"1" * 32}))
    value = {"user_id": "ann", "project": "dev", name: "what Ann wrote"}
    attributes = {
        "ingest_id": "i",
        "received_at": "2026-11-22T12:00:00Z",
        "kind": "chat",
        "partner": "acme",
        "project": "dev",
    }
    data = json.dumps({"event": "message_sent", "value": value}).encode()
    row = rows.build(data, attributes, delivery_id="d", stored_at=1_795_000_000_000_000).row

    assert json.loads(str(row.pop("extra"))) == {name: "what Ann wrote"}
    assert "what Ann wrote" not in str(row)
    assert not [view.name for view in list_views() if "extra" in {c.name for c in view.columns}]
