"""Executes erasures: changes the tables, writes receipts, and marks the erasures as executed."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from functions.observe.log import log
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.redaction import NOBODY
from functions.privacy.erasures.restored_tables import AGAIN
from functions.privacy.erasures.scope import Scopes
from functions.privacy.periods import FAIL_SAFE, TIME_TRAVEL
from functions.privacy.records.receipts import Receipt, Receipts
from functions.warehouse.parameters import Parameter
from functions.warehouse.protocols import StatementRunner

Counts = Counter[tuple[str, str]]
"""How many events were changed, for each pair of an erasure id and a text which names a place and a
change, such as ``spill_anonymised``."""

REWRITES = frozenset(
    {"anonymise_events", "delete_events", "delete_later_copies", "remove_speakers"}
)
"""The statements that change events. At the on-demand price, BigQuery bills all bytes of the days
in which one of them changes a row, so they cost the most of all statements. They may run in a
reservation of slots instead
(https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#on-demand-query-size-calculation)."""

REFRESHED = timedelta(hours=3)
"""How long after an execution sweeps look for active days of the erased people. A refresh may have
read the events before the execution and stored the active days after it. One sweep after the time
limit of a statement would do; the limit is minutes, and the sweeps run hourly."""


class Execution:
    """Executes the erasures that are due, and erases late events in the scope of executed ones.

    Args:
        statements: runs the statements of ``sql/privacy``.
        receipts: stores the receipts.
        scopes: the scopes of all these erasures.
        now: the time (UTC) at which the sweep began; people on hold at this time are skipped.
        first: no stored event in scope was received before this time (UTC).
        claim: the id that this sweep gave to the erasures that it began to execute.

    Attributes:
        counts: how many events were changed in objects and dead letters. Unreadable events, which
            are only moved, have `NOBODY` in place of the erasure id.
    """

    def __init__(
        self,
        statements: StatementRunner,
        receipts: Receipts,
        scopes: Scopes,
        now: datetime,
        first: datetime,
        claim: str,
    ) -> None:
        self._statements = statements
        self._receipts = receipts
        self._scopes = scopes
        self._now = now
        self._first = first
        self._claim = claim
        self._projects = {scope.erasure_id: (scope.partner, scope.project) for scope in scopes}
        self._begun = {(scope.erasure_id, scope.claim) for scope in scopes.due()}
        self.counts: Counts = Counter()

    async def count(self, *, oldest: datetime) -> None:
        """Write receipts with the numbers of rows in scope, before any of them is changed.

        If an earlier sweep began to execute an erasure, the receipt of that sweep stays, so the
        rows that it changed are counted too. Late rows are counted only once, because the id of
        their receipt contains the time at which the newest of them was stored.

        Args:
            oldest: no stored identity was last seen before this time (UTC).
        """
        begun: dict[tuple[str, str], dict[str, int]] = {erasure: {} for erasure in self._begun}
        late: list[Receipt] = []
        for row in await self._statements.rows("count_in_scope", **self._moments(oldest)):
            erasure_id, claim, what, number = (
                row[name] for name in ("erasure_id", "claim", "what", "number")
            )
            if (erasure_id, claim) in begun:
                begun[erasure_id, claim][what] = number
            elif row["status"] == "executed":
                step = f"late:{what}:{row['latest'].isoformat()}:{number}"
                detail = {"step": "late", "counts": {what: number}}
                late.append(self._receipt(erasure_id, step, detail))
        receipts = [
            self._receipt(
                erasure_id, f"{claim}:begun", {"step": _step("begun", claim), "counts": counts}
            )
            for (erasure_id, claim), counts in sorted(begun.items())
        ]
        await self._receipts.add_all(receipts + late)

    async def change_tables(
        self, out_of_time: Callable[[], bool], *, oldest: datetime
    ) -> Counter[str]:
        """Change the tables, with one statement for each table and treatment.

        Returns:
            How many rows each statement changed, by the name of the statement.

        Raises:
            OutOfTime: not all statements were run.
        """
        changed: Counter[str] = Counter()
        bounds = {"first": self._first, "now": self._now}
        for name in self._changes():
            if out_of_time():
                raise OutOfTime
            moments = self._moments(oldest) if name == "erase_identities" else bounds
            changed[name] += await self._statements.change(name, **moments)
        return changed

    def _changes(self) -> list[str]:
        """Return the statements that have something to change, in the order in which they run.

        A refresh that runs between two of them makes active days from events. So the events change
        first: then it makes the rows that these statements would make.
        """
        treatments = {scope.treatment for scope in self._scopes}
        names = ["delete_later_copies"]  # first: it needs events that delete_events deletes
        names += ["anonymise_events"] if "anonymise" in treatments else []
        names += ["delete_events"] if "delete" in treatments else []
        since = self._now - REFRESHED
        if any(not scope.executed_at or scope.executed_at >= since for scope in self._scopes):
            names += ["anonymise_active_days"] if "anonymise" in treatments else []
            names += ["delete_active_days"]
        return [*names, "remove_speakers", "erase_identities"]

    async def note_places(self) -> None:
        """Write receipts with the numbers of events changed in objects and dead letters."""
        taken: dict[str, dict[str, int]] = defaultdict(dict)
        for (erasure_id, what), number in sorted(self.counts.items()):
            taken[erasure_id][what] = number
        if unreadable := taken.pop(NOBODY, None):
            log("WARNING", "unreadable events quarantined", places=unreadable)
        step = f"places:{self._now.isoformat()}"
        await self._receipts.add_all(
            [
                self._receipt(erasure_id, step, {"step": "places", "counts": counts})
                for erasure_id, counts in taken.items()
            ]
        )

    async def finish(self, done_at: datetime, expires_at: datetime) -> dict[str, dict[str, int]]:
        """Write receipts for the erasures that were executed, then mark these as executed.

        Only at its end does a sweep write how many events it changed in objects and dead letters.
        If a sweep crashes before that, the total is too low. So a total is marked as exact only if
        this sweep also began to execute the erasure.

        Args:
            done_at: the time (UTC) since which no live data is left.
            expires_at: when the tombstones expire (UTC).

        Returns:
            How many rows and events were changed for each erasure id, by the kind of change.
        """
        if not self._begun:
            return {}
        totals = await self._totals(done_at)
        dates = {
            "live_data_gone_at": done_at.isoformat(),
            "time_travel_over_at": (done_at + TIME_TRAVEL).isoformat(),
            "fail_safe_over_at": (done_at + TIME_TRAVEL + FAIL_SAFE).isoformat(),
            "tombstone_goes_at": expires_at.isoformat(),
        }
        receipts = [
            self._receipt(
                erasure_id,
                f"{claim}:executed",
                {
                    "step": _step("executed", claim),
                    "total": totals[erasure_id],
                    "exact": claim == self._claim,
                    **dates,
                },
            )
            for erasure_id, claim in sorted(self._begun)
        ]
        await self._receipts.add_all(receipts)
        claims = sorted({claim for _, claim in self._begun})
        await self._statements.change(
            "finish_erasures", claims=claims, now=done_at, expires_at=expires_at
        )
        return totals

    def taken(self) -> Counter[str]:
        """Return the numbers of events changed in objects and dead letters, by place and change."""
        numbers: Counter[str] = Counter()
        for (_, what), number in self.counts.items():
            numbers[what] += number
        return numbers

    async def _totals(self, now: datetime) -> dict[str, dict[str, int]]:
        """Add up the counts in the receipts of the erasures that this sweep finishes."""
        totals: dict[str, Counter[str]] = {erasure_id: Counter() for erasure_id, _ in self._begun}
        rows = await self._statements.rows("find_receipts", now=now, references=sorted(totals))
        for row in rows:
            detail = msgspec.json.decode(row["detail"], type=_CountsDetail)
            totals[row["reference"]].update(detail.counts)
        return {erasure_id: dict(counts) for erasure_id, counts in totals.items()}

    def _moments(self, oldest: datetime) -> dict[str, Parameter]:
        return {"first": self._first, "now": self._now, "oldest": oldest}

    def _receipt(self, erasure_id: str, step: str, detail: Mapping[str, object]) -> Receipt:
        partner, project = self._projects[erasure_id]
        return Receipt(
            f"{erasure_id}:{step}", "erasure", erasure_id, detail, partner=partner, project=project
        )


def _step(step: str, claim: str) -> str:
    """Return the name of a step for the receipt; it ends in "again" if the step is repeated."""
    return f"{step} again" if claim.startswith(AGAIN) else step


class _CountsDetail(msgspec.Struct):
    """The counts in the detail of a receipt, which are added up."""

    counts: dict[str, int] = {}  # msgspec copies an empty default for each instance
