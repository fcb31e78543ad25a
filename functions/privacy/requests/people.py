"""Reads the ids of people in requests, and computes the user keys of these ids."""

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
    """A user id from a request. `load` reads ids by the same rules: a whole number becomes text."""

    __slots__ = ()


IDS_OF_A_PERSON = 20
"""The maximum number of ids of one person in a request."""

TELLING_CHARACTERS = 4
"""The minimum length of the ids that `names_one` looks for. A text may contain a shorter id by
chance."""


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
        msgspec.DecodeError: the body does not have this form, or a value cannot be the id of a
            person. The message names the field, but does not quote the id.
    """
    return msgspec.json.decode(body, type=form, dec_hook=_read_id)


def _read_id(_wanted: type, value: object) -> Id:
    try:
        text = to_identity(value, _placeholders())
    except NotCoerced as refused:
        if refused.finding == "placeholder":
            raise ValueError(
                "An id must identify one person: blanks and words such as `none` or `null` cannot"
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
    """Return whether a text contains one of these ids or user keys. Very short ids are ignored."""
    return any(person_id in text for person_id in ids if len(person_id) >= TELLING_CHARACTERS)


def user_keys(keys: PseudonymKeys, project: str, ids: Iterable[str]) -> list[str]:
    """Return the user keys of these ids under all versions of the pseudonym key, each key once."""
    return list(
        dict.fromkeys(key for person_id in ids for key in keys.all_user_keys(project, person_id))
    )
