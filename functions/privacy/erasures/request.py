"""The request for an erasure."""

from typing import Annotated, Literal

import msgspec

from functions.privacy.requests.people import Person

PEOPLE = 5_000
"""The most people of one request."""

Mode = Literal["grace", "immediate"]
Treatment = Literal["anonymise", "delete"]


class ErasureRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /erasures``.

    Attributes:
        project: that the people are users of.
        people: whom it is about.
        mode: ``grace`` waits and can be restored; ``immediate`` cannot.
        rows: what becomes of the people's rows. A request by the interface deletes them unless it
            says otherwise; deletion in the chat keeps anonymous ones.
        dry_run: only say what would be touched.
    """

    project: Annotated[str, msgspec.Meta(min_length=1)]
    people: Annotated[tuple[Person, ...], msgspec.Meta(min_length=1, max_length=PEOPLE)]
    mode: Mode = "grace"
    rows: Treatment = "delete"
    dry_run: bool = False
