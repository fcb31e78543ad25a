"""People in requests: the ids that they are named by, and the user keys that these have."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from functions.secrets.pseudonym_keys import PseudonymKeys

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
"""An id as the sender gives it."""

IDS_OF_A_PERSON = 20
"""The most ids of one person in a request."""


TELLING_CHARACTERS = 4
"""An id that is shorter may be in a text by chance, and tells nobody who is meant."""


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person.

    Attributes:
        ids: all that the person is known by in the project.
    """

    ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=IDS_OF_A_PERSON)]


def names_one(text: str, ids: Iterable[str]) -> bool:
    """Say whether a text has one of these ids or user keys in it."""
    return any(person_id in text for person_id in ids if len(person_id) >= TELLING_CHARACTERS)


def user_keys(keys: PseudonymKeys, project: str, ids: Iterable[str]) -> list[str]:
    """Return the user keys of ids, of every version of the key, without repetition."""
    return list(
        dict.fromkeys(key for person_id in ids for key in keys.all_user_keys(project, person_id))
    )
