"""People in requests: their ids, and the user keys of these ids."""

import functools
from collections.abc import Iterable
from typing import Annotated, TypeVar

import msgspec

from functions.events.catalogue import load_catalogue
from functions.events.coerce import NotCoerced
from functions.events.identity import to_identity
from functions.secrets.pseudonym_keys import PseudonymKeys

LONGEST_ID = 1_024
"""The maximum number of characters of an id in a request."""


class Id(str):
    """A user id as `load` reads it: a text as sent, or the digits of a whole number."""

    __slots__ = ()


IDS_OF_A_PERSON = 20
"""The maximum number of ids of one person in a request."""

TELLING_CHARACTERS = 4
"""Only ids with at least this many characters are searched for in a text, because shorter ones may
occur in it by chance."""


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person.

    Attributes:
        ids: all ids of the person in the project.
    """

    ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=IDS_OF_A_PERSON)]


T = TypeVar("T")


def decode(body: bytes, form: type[T]) -> T:
    """Decode the body of a request that names people. Ids are read by the same rules as in `load`.

    Args:
        body: the body of the request, in JSON.
        form: the type of the body; its ids have the type `Id`.

    Raises:
        msgspec.DecodeError: the body does not have this form, or one of the ids identifies no
            person; the error names the field and not the id.
    """
    return msgspec.json.decode(body, type=form, dec_hook=_read_id)


def _read_id(_wanted: type, value: object) -> Id:
    try:
        text = to_identity(value, _placeholders())
    except NotCoerced as refused:
        if refused.finding == "placeholder":
            raise ValueError(
                "This is blank, or a word that senders write if they know no id, so it identifies"
                " no person"
            ) from None
        raise ValueError(
            "Expected a text or a whole number; write a number from 2^53 on as text"
        ) from None
    if text is None or len(text) > LONGEST_ID:
        raise ValueError(f"Expected 1 to {LONGEST_ID} characters")
    return Id(text)


@functools.cache
def _placeholders() -> frozenset[str]:
    return frozenset(load_catalogue().fallback("chat").lookup["user_id"].placeholders)


def names_one(text: str, ids: Iterable[str]) -> bool:
    """Return whether a text contains one of these ids or user keys; very short ones are ignored."""
    return any(person_id in text for person_id in ids if len(person_id) >= TELLING_CHARACTERS)


def user_keys(keys: PseudonymKeys, project: str, ids: Iterable[str]) -> list[str]:
    """Return the user keys of ids, for every version of the pseudonym key, without duplicates."""
    return list(
        dict.fromkeys(key for person_id in ids for key in keys.all_user_keys(project, person_id))
    )
