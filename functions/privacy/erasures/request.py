"""The body of a request to erase people."""

from typing import Annotated, Literal

import msgspec

from functions.privacy.requests.people import Person

PEOPLE = 5_000
"""The maximum number of people in one request."""

Mode = Literal["grace", "immediate"]
Treatment = Literal["anonymise", "delete"]


class ErasureRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /erasures``.

    Attributes:
        project: the project that the people are users of.
        people: the people to erase.
        mode: with ``grace``, the erasure is executed after the grace period, and the people can be
            restored until then; with ``immediate``, it is executed at once.
        rows: ``delete`` to delete the people's rows, ``anonymise`` to keep them without the people.
        dry_run: whether to only count the rows that the erasure would change.
    """

    project: Annotated[str, msgspec.Meta(min_length=1)]
    people: Annotated[tuple[Person, ...], msgspec.Meta(min_length=1, max_length=PEOPLE)]
    mode: Mode = "grace"
    rows: Treatment = "delete"
    dry_run: bool = False
