"""Files erasures: from then on every view shows the people under other keys.

The same request again, of people of whom nothing was received since, is the same erasure: what it
covers is moved up to now, so that events still on their way are covered too. Everything here can
be repeated, so a request that was interrupted is simply sent again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from functions.privacy.erasures.request import ErasureRequest
from functions.privacy.periods import GRACE, TOMBSTONE
from functions.privacy.records.receipts import Receipt
from functions.privacy.requests.context import Context
from functions.privacy.requests.people import user_keys
from functions.warehouse.parameters import Parameter

KEYS_OF_A_STATEMENT = 50_000
"""User keys in one statement: about 2.5 MB of the 10 MB that a request to BigQuery may have."""


class Filed(NamedTuple):
    """What a request came to.

    Attributes:
        erasure_id: of the erasure that covers the people; of several, the new one, else the one
            that covers most of them.
        filed_before: the others.
    """

    erasure_id: str
    filed_before: tuple[str, ...]

    @property
    def all_ids(self) -> tuple[str, ...]:
        """All erasures that cover the people."""
        return (self.erasure_id, *self.filed_before)


@dataclass(frozen=True, slots=True)
class Filing:
    """Files what is asked for by the interface.

    Args:
        context: what operations work with.
    """

    context: Context

    async def file(self, request: ErasureRequest, partner: str, requested_by: str) -> Filed:
        """File an erasure; from then on the people are hidden.

        Args:
            request: for what.
            partner: whose data the project's are.
            requested_by: the caller's address, for the receipt.

        Raises:
            StatementFailed: not all of it is known to be filed; it can be sent again.
        """
        now = self.context.now()
        erasure_id = self.context.new_id()
        people = [
            user_keys(self.context.keys, request.project, person.ids) for person in request.people
        ]
        every_key = list(dict.fromkeys(key for keys in people for key in keys))
        before: dict[str, str] = {}
        for start in range(0, len(every_key), KEYS_OF_A_STATEMENT):
            part = every_key[start : start + KEYS_OF_A_STATEMENT]
            before |= await self._file(request, erasure_id, partner, part, now)
        filed_in = [{before.get(key, erasure_id) for key in keys} for keys in people]
        # Of an earlier one too: whoever filed it may not have lived to note it.
        noted = Counter(erasure for erasures in filed_in for erasure in erasures)
        await self.context.receipts.add_all(
            [
                _receipt(request, erasure, partner, requested_by, number)
                for erasure, number in sorted(noted.items())
            ]
        )
        return _filed(erasure_id, noted)

    async def _file(
        self,
        request: ErasureRequest,
        erasure_id: str,
        partner: str,
        keys: Sequence[str],
        now: datetime,
    ) -> dict[str, str]:
        """File keys; return those that an earlier erasure covers, with its id."""
        people = {"project": request.project, "user_keys": keys}
        if request.rows == "delete":
            # What waits to be anonymised would otherwise leave rows that this is to delete.
            await self.context.statements.change("change_treatment_to_delete", **people)
        alike: Mapping[str, Parameter] = people | {"mode": request.mode, "treatment": request.rows}
        [earlier] = await self.context.statements.rows("find_earlier_cut_off", **alike)
        since: datetime | None = earlier["since"]
        returned: list[str] = []
        if since is not None:
            rows = await self.context.statements.rows("find_returned_people", since=since, **alike)
            returned = [row["user_key"] for row in rows]
        await self.context.statements.change(
            "file_erasure",
            erasure_id=erasure_id,
            partner=partner,
            returned=returned,
            cut_off=now,
            due_at=now if request.mode == "immediate" else now + GRACE,
            expires_at=now + TOMBSTONE,
            **alike,
        )
        rows = await self.context.statements.rows(
            "find_earlier_erasures", erasure_id=erasure_id, **alike
        )
        return {row["user_key"]: row["erasure_id"] for row in rows}


def _receipt(
    request: ErasureRequest, erasure_id: str, partner: str, requested_by: str, people: int
) -> Receipt:
    return Receipt(
        receipt_id=f"{erasure_id}/filed",
        operation="erasure",
        reference=erasure_id,
        detail={"step": "filed", "source": "api", "mode": request.mode, "rows": request.rows},
        partner=partner,
        project=request.project,
        requested_by=requested_by,
        people=people,
    )


def _filed(erasure_id: str, people: Mapping[str, int]) -> Filed:
    """Choose the erasure to answer with, of those that cover people."""
    most = (
        erasure_id if erasure_id in people else max(people, key=lambda other_id: people[other_id])
    )
    return Filed(most, tuple(sorted(people.keys() - {most})))
