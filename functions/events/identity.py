"""Reads the ids of people and rooms; `load` and the privacy function use the same rules.

Some senders write a word such as ``undefined`` if they do not know an id. If this word counted as
an id, many people would become one, and a deletion would hide all of them. So the catalogue lists
such words as placeholders. A placeholder never identifies a person.
"""

from collections.abc import Callable, Container

from functions.events.coerce import NotCoerced, to_id
from functions.events.guess import spread
from functions.events.names import snake_case

_SPEAKER_IDS = ("user_id", "userid", "external_user_id", "external_id", "id")
"""An object that describes a speaker may have the user id under one of these names. The most
important name comes first."""


def to_identity(value: object, placeholders: Container[str]) -> str | None:
    """Read the id of a person or a room; None if it is blank.

    If the empty text is one of the placeholders, a blank id is refused as a placeholder.

    Args:
        value: the id as sent.
        placeholders: the words that stand for an unknown id, in the form that `plain` returns.

    Raises:
        NotCoerced: the value cannot be an id; the finding is ``placeholder`` if it is a
            placeholder.
    """
    text = value if isinstance(value, str) else to_id(value) or ""
    word = text.strip().casefold() if text.isprintable() else plain(text)
    if word in placeholders:
        raise NotCoerced("placeholder")
    return text if word else None


def plain(text: str) -> str:
    """Return a text in lower case, without invisible characters and surrounding space.

    Placeholders are compared in this form.
    """
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    return text.strip().casefold()


def to_speaker(element: object, placeholders: Container[str]) -> str | None:
    """Read the user id of one speaker of a room; None if it is blank.

    Args:
        element: the user id, or an object that contains it.
        placeholders: the words that stand for an unknown id, in the form that `plain` returns.

    Raises:
        NotCoerced: the element contains no id; the finding is ``placeholder`` if the id is a
            placeholder.
    """
    return to_identity(_id_in(element), placeholders)


def is_nobody(element: object, words: Container[str]) -> bool:
    """Return whether an element of a list of people says that the list is empty.

    Args:
        element: the element as sent.
        words: the words that mean an empty list, in the form that `plain` returns. The empty object
            ``{}`` means the same.
    """
    return plain(element) in words if isinstance(element, str) else element == {}


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
