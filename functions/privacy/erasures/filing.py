"""Records requests to erase people. After that, every view shows these people under random keys.

If a request is repeated, and no event of a person was received in between, the person gets no
second erasure. Instead, the cut-off of the first erasure moves to the time of the repetition. So
events that are still on their way to the warehouse are in scope too. All steps can be repeated: if
a request was interrupted, the caller sends it again.
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
from functions.warehouse.days import DAY
from functions.warehouse.parameters import Parameter

KEYS_OF_A_STATEMENT = 50_000
"""The maximum number of user keys in one statement. The parameters then take about 2.5 MB; BigQuery
allows 10 MB."""


class Filed(NamedTuple):
    """The erasures that apply to the people of a request.

    Attributes:
        erasure_id: the id of the new erasure. If each person had an erasure already, there is no
            new one, and this is the id of the earlier erasure with the most people.
        filed_before: the ids of all other erasures, which earlier requests recorded.
    """

    erasure_id: str
    filed_before: tuple[str, ...]

    @property
    def all_ids(self) -> tuple[str, ...]:
        """The ids of all erasures that apply to the people of the request."""
        return (self.erasure_id, *self.filed_before)


class Draft(NamedTuple):
    """A request for an erasure, before it is recorded.

    Attributes:
        erasure_id: the id of the new erasure.
        request: says whom to erase, and how.
        people: the user keys of each person.
    """

    erasure_id: str
    request: ErasureRequest
    people: Sequence[Sequence[str]]

    def parts(self) -> list[dict[str, Parameter]]:
        """Return the parameters for statements about this request, in parts.

        A part has at most `KEYS_OF_A_STATEMENT` user keys, and needs a statement of its own.
        """
        every_key = list(dict.fromkeys(key for keys in self.people for key in keys))
        return [
            {
                "project": self.request.project,
                "mode": self.request.mode,
                "treatment": self.request.rows,
                "user_keys": every_key[start : start + KEYS_OF_A_STATEMENT],
            }
            for start in range(0, len(every_key), KEYS_OF_A_STATEMENT)
        ]


class Earlier(NamedTuple):
    """The earlier erasures that a request repeats: for each person, the latest one.

    A request repeats an erasure that was requested through the API, with the same mode and the same
    treatment of rows. ``sql/privacy/find_earlier_cut_off.sql`` has the details.

    Attributes:
        since: the earliest cut-off of these erasures (UTC); None if there are none.
        erasure_ids: the ids of these erasures.
    """

    since: datetime | None
    erasure_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Filing:
    """Records the erasures that callers request.

    Args:
        context: the statements, keys and clock that all operations share.
    """

    context: Context

    def draft(self, request: ErasureRequest) -> Draft:
        """Return the draft of an erasure, with a new id and the user keys. Nothing is stored."""
        keys = self.context.keys
        people = [user_keys(keys, request.project, person.ids) for person in request.people]
        return Draft(self.context.new_id(), request, people)

    async def find_earlier(self, draft: Draft) -> Earlier:
        """Find the earlier erasures that a request repeats.

        Raises:
            StatementFailed: BigQuery did not answer.
        """
        since: list[datetime] = []
        ids: set[str] = set()
        for part in draft.parts():
            [row] = await self.context.statements.rows("find_earlier_cut_off", **part)
            if row["since"] is not None:
                since.append(row["since"])
                ids.update(row["erasure_ids"])
        return Earlier(min(since, default=None), frozenset(ids))

    async def store(self, draft: Draft, partner: str, earlier: Earlier) -> None:
        """Record an erasure. From then on, the people are hidden.

        Args:
            draft: the erasure.
            partner: the partner that the project belongs to.
            earlier: what `find_earlier` returned for the draft.

        Raises:
            StatementFailed: it is unknown whether all people are recorded; the request can be
                repeated.
        """
        now = self.context.now()
        mode = draft.request.mode
        for part in draft.parts():
            await self.context.statements.change(
                "file_erasure",
                erasure_id=draft.erasure_id,
                partner=partner,
                # Without earlier erasures, this time is in the future, so no event is read.
                since=earlier.since or now + DAY,
                cut_off=now,
                due_at=now if mode == "immediate" else now + GRACE,
                expires_at=now + TOMBSTONE,
                **part,
            )

    async def note(self, draft: Draft, partner: str, requested_by: str) -> Filed:
        """Find out which erasures apply to the people, and write a receipt for each erasure.

        Args:
            draft: the erasure, after `store` has recorded it.
            partner: the partner that the project belongs to.
            requested_by: the caller's address, for the receipts.

        Raises:
            StatementFailed: it is unknown whether the receipts are stored; the request can be
                repeated.
        """
        before: dict[str, str] = {}
        for part in draft.parts():
            rows = await self.context.statements.rows(
                "find_earlier_erasures", erasure_id=draft.erasure_id, **part
            )
            before |= {row["user_key"]: row["erasure_id"] for row in rows}
        filed_in = [{before.get(key, draft.erasure_id) for key in keys} for keys in draft.people]
        # Earlier erasures also get a receipt, because their own request may have failed before it
        # wrote one.
        noted = Counter(erasure for erasures in filed_in for erasure in erasures)
        await self.context.receipts.add_all(
            [
                _receipt(draft.request, erasure, partner, requested_by, number)
                for erasure, number in sorted(noted.items())
            ]
        )
        return _filed(draft.erasure_id, noted)


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
    """Return the people's erasures: first the new one or, if there is none, that of most people."""
    most = (
        erasure_id if erasure_id in people else max(people, key=lambda other_id: people[other_id])
    )
    return Filed(most, tuple(sorted(people.keys() - {most})))
