"""No event carries what somebody wrote in the chat, so a deleted message leaves nothing here."""

from collections import defaultdict

from functions.events.catalogue import load_catalogue

CATALOGUE = load_catalogue()

WRITTEN_BY_NO_USER = {
    "answer": "an option of the poll, as the product's side wrote it",
    "header": "of a pop-up",
    "hl_button_text": "of a highlight",
    "hl_content": "of a highlight",
    "language_selected": "a language's name",
    "question": "of a poll",
    "step": "of a form",
    "user_status": "authorized or not",
}
"""The texts without a closed list in events of people, and where they come from."""


def free_texts() -> dict[str, set[str]]:
    """Events by their own properties that may be any text."""
    found = defaultdict(set)
    for event in CATALOGUE.events:
        for prop in event.properties:
            if prop.type == "string" and not prop.values:
                found[prop.name].add(event.name)
    return found


def test_texts_of_events_are_written_by_no_user() -> None:
    assert free_texts().keys() == WRITTEN_BY_NO_USER.keys()


def test_events_of_messages_have_no_text_at_all() -> None:
    of_messages = {
        event.name
        for event in CATALOGUE.events
        if "message" in event.name or "report" in event.name
    }
    assert {"message_sent", "message_changed", "message_text_copied", "report_sent"} <= of_messages
    assert of_messages & set().union(*free_texts().values()) == set()


def test_a_message_is_told_of_by_its_type_only() -> None:
    [sent] = [event for event in CATALOGUE.events if event.name == "message_sent"]
    assert [prop.name for prop in sent.properties] == ["message_type"]
    assert sent.properties[0].values
