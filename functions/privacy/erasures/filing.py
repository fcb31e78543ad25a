"""Records requests to erase people. From then on, every view shows these people under other keys.

If a request is repeated, and no event of a person was received in between, the person gets no
second erasure. Instead, the cut-off of the first erasure moves to now, so that events that are
still on their way are in scope too. All steps can be repeated: if a request was interrupted, the
caller sends it again.
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
"""The maximum number of user keys in one statement. They take about 2.5 MB; BigQuery's limit is
10 MB."""


class Filed(NamedTuple):
    """The erasures that apply to the people of a request.

    Attributes:
        erasure_id: the id of the new erasure. If every person had an erasure before, there is no
            new one, and this is the id of the erasure that has most of the people.
        filed_before: the ids of the other erasures, which were recorded before.
    """

    erasure_id: str
    filed_before: tuple[str, ...]

    @property
    def all_ids(self) -> tuple[str, ...]:
        """The ids of all these erasures."""
        return (self.erasure_id, *self.filed_before)


@dataclass(frozen=True, slots=True)
class Filing:
    """Records the erasures that callers request.

    Args:
        context: the statements, keys and clock that all operations share.
    """

    context: Context

    async def file(self, request: ErasureRequest, partner: str, requested_by: str) -> Filed:
        """Record an erasure. From then on, the people are hidden.

        Args:
            request: says whom to erase, and how.
            partner: the partner that the project belongs to.
            requested_by: the caller's address, for the receipt.

        Raises:
            StatementFailed: it is unknown whether all people are recorded; the request can be
                repeated.
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
        # Earlier erasures get a receipt too: their own request may have failed before it wrote one.
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
        """Record user keys; for each that has an earlier erasure, return the id of that erasure."""
        people = {"project": request.project, "user_keys": keys}
        if request.rows == "delete":
            # Otherwise an earlier erasure that still waits would only anonymise its rows.
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
    """Choose the erasure to answer with: the new one, or else the one with most people."""
    most = (
        erasure_id if erasure_id in people else max(people, key=lambda other_id: people[other_id])
    )
    return Filed(most, tuple(sorted(people.keys() - {most})))
