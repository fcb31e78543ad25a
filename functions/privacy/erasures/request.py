"""The request for an erasure."""

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
        project: the project of the people.
        people: the people to erase.
        mode: ``grace`` waits for the grace period and can be restored; ``immediate`` cannot.
        rows: whether the people's rows are deleted or anonymised. Requests delete them by default;
            a deletion in the chat anonymises them.
        dry_run: whether to only count what would be changed.
    """

    project: Annotated[str, msgspec.Meta(min_length=1)]
    people: Annotated[tuple[Person, ...], msgspec.Meta(min_length=1, max_length=PEOPLE)]
    mode: Mode = "grace"
    rows: Treatment = "delete"
    dry_run: bool = False
