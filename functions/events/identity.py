"""Reads the ids of people and rooms; `load` and the privacy function use the same rules.

Some senders write a word such as ``undefined`` where they know no id. As an id, this word would
make one false person of many, and a deletion would hide all of them. So the catalogue lists these
placeholders, and none of them ever identifies a person.
"""

from collections.abc import Callable, Container

from functions.events.coerce import NotCoerced, to_id
from functions.events.guess import spread
from functions.events.names import snake_case

_SPEAKER_IDS = ("user_id", "userid", "external_user_id", "external_id", "id")
"""The names of an id in an object that describes a speaker, the most important first."""


def to_identity(value: object, placeholders: Container[str]) -> str | None:
    """Read the id of a person or a room; a blank becomes None, unless it is a placeholder.

    Args:
        value: the id as sent.
        placeholders: the words that are no id, as `plain` returns them.

    Raises:
        NotCoerced: the value is not an id; the finding is ``placeholder`` if it is a placeholder.
    """
    text = value if isinstance(value, str) else to_id(value) or ""
    word = text.strip().casefold() if text.isprintable() else plain(text)
    if word in placeholders:
        raise NotCoerced("placeholder")
    return text if word else None


def plain(text: str) -> str:
    """Return a text in the form in which placeholders are compared.

    Case, white space around the text, and characters that cannot be seen make no difference.
    """
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    return text.strip().casefold()


def to_speaker(element: object, placeholders: Container[str]) -> str | None:
    """Read one speaker of a room: a user id, or an object that contains one.

    Raises:
        NotCoerced: the element contains no id; the finding is ``placeholder`` if the id is a
            placeholder.
    """
    return to_identity(_id_in(element), placeholders)


def without_speakers(member: object, leave_out: Callable[[str | None], bool]) -> list[object]:
    """Return the speakers of a room without some of them.

    Args:
        member: the room's speakers as sent.
        leave_out: takes the user id of a speaker, or None if the speaker has no readable id;
            returns whether to leave out the speaker.
    """
    return [element for element in spread(member)[0] if not leave_out(_speaker_id(element))]


def _speaker_id(element: object) -> str | None:
    try:
        return to_id(_id_in(element))
    except NotCoerced:
        return None


def _id_in(element: object) -> object:
    if not isinstance(element, dict):
        return element
    ids = {snake_case(name): member for name, member in element.items() if member is not None}
    return next((ids[name] for name in _SPEAKER_IDS if name in ids), None)
