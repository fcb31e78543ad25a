"""People in requests: their ids, and the user keys of these ids."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from functions.secrets.pseudonym_keys import PseudonymKeys

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
"""A user id as the chat sends it."""

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


def names_one(text: str, ids: Iterable[str]) -> bool:
    """Return whether a text contains one of these ids or user keys."""
    return any(person_id in text for person_id in ids if len(person_id) >= TELLING_CHARACTERS)


def user_keys(keys: PseudonymKeys, project: str, ids: Iterable[str]) -> list[str]:
    """Return the user keys of ids, for every version of the pseudonym key, without duplicates."""
    return list(
        dict.fromkeys(key for person_id in ids for key in keys.all_user_keys(project, person_id))
    )
