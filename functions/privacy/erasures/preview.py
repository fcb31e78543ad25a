"""Counts the rows that an erasure would change, and changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.privacy.erasures.request import ErasureRequest
from functions.privacy.requests.people import user_keys
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.statements import Statements


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts the rows that an erasure would change, for a request that is a dry run.

    Args:
        statements: runs the statements of ``sql/privacy``.
        keys: the cell's pseudonym keys.
        now: returns the current time (timezone-aware).
    """

    statements: Statements
    keys: PseudonymKeys
    now: Callable[[], datetime]

    async def count(self, request: ErasureRequest) -> dict[str, Any]:
        """Count the people's rows, the days of their events, and how many people are on legal hold.

        Returns:
            The counts, as the members of the response. The member ``already_filed`` counts the
            people who have another erasure that is not executed yet.

        Raises:
            StatementFailed: BigQuery did not answer.
        """
        people = [user_keys(self.keys, request.project, person.ids) for person in request.people]
        every_key = list(dict.fromkeys(key for keys in people for key in keys))
        whom = {"project": request.project, "user_keys": every_key}
        now = self.now()
        [events] = await self.statements.rows("count_events", now=now, **whom)
        [identities] = await self.statements.rows("count_identities", **whom)
        pending = await self.statements.rows("find_pending_people", **whom)
        on_hold = await self.statements.rows("find_keys_on_hold", now=now, **whom)
        return {
            "people": len(people),
            "events_v1": {
                "rows": events["own_rows"],
                "rooms_spoken_in": events["room_rows"],
                "days": events["days"],
                "first_day": events["first_day"],
                "last_day": events["last_day"],
            },
            "identities_v1": {"rows": identities["identities"]},
            "already_filed": _people(people, pending),
            "on_hold": _people(people, on_hold),
        }


def _people(people: Sequence[Sequence[str]], rows: Sequence[Any]) -> int:
    """Return how many of the people have at least one user key in these rows."""
    keys = {row["user_key"] for row in rows}
    return sum(not keys.isdisjoint(own) for own in people)
