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
        mode: ``grace`` waits for the grace period, in which the people can be restored;
            ``immediate`` does not wait.
        rows: whether to delete or anonymise the people's rows. Requests delete rows by default; if
            people delete their profile in the chat, their rows are anonymised.
        dry_run: whether to only count what would be changed.
    """

    project: Annotated[str, msgspec.Meta(min_length=1)]
    people: Annotated[tuple[Person, ...], msgspec.Meta(min_length=1, max_length=PEOPLE)]
    mode: Mode = "grace"
    rows: Treatment = "delete"
    dry_run: bool = False
