"""The sweep: executes the erasures that are due, and catches what comes late for executed ones.

Each step finds what is left of it and can be repeated, so a sweep that was interrupted anywhere is
continued by the next, and sweeps that meet do no harm. The number of statements does not depend on
how many people are erased.
"""

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from functions.google.storage import BucketUnavailable
from functions.google.subscription import SubscriptionUnavailable
from functions.google.topic import PublishFailed
from functions.observe.log import log
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.execution import Counts, Execution
from functions.privacy.erasures.restored_tables import AGAIN, RUNNING, Restored
from functions.privacy.erasures.scope import Scopes, read_scopes
from functions.privacy.periods import RELEASED_HOLD, REMEMBERED, TOMBSTONE
from functions.privacy.records.receipts import Receipts
from functions.warehouse.days import DAY, midnight
from functions.warehouse.protocols import StatementRunner
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from functions.warehouse.statements import StatementFailed


class Rewriter(Protocol):
    """Where events are beside the tables: objects, or dead letters."""

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Take out what is covered, and what nobody can read; count it by erasure.

        Raises:
            OutOfTime: not all was looked at.
        """


UNAVAILABLE = (StatementFailed, BucketUnavailable, SubscriptionUnavailable, PublishFailed)
"""What ends a sweep early; the next goes on."""


@dataclass(slots=True)
class SweepReport:
    """What a sweep did.

    Attributes:
        finished: whether nothing is left of what was due.
        executed: the erasures that were finished, each with its counts.
        rows: rows changed, by statement.
        places: events that were taken out of objects and dead letters, by place; ``unreadable`` are
            those that nobody can read.
        unavailable: what did not answer, empty for nothing; the sweep ended with it.
    """

    finished: bool = False
    executed: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    unavailable: str = ""


class Sweep:
    """Executes erasures.

    Args:
        statements: runs the statements.
        receipts: takes the receipts.
        count_people: counts the people of recent days, before some of them are erased.
        rewriters: take people out of where events are beside the tables.
        now: the clock, with an offset.
        clock: seconds, monotonic.
        seconds: after this time no further step is begun.
        retention_days: days for which events are kept.
    """

    def __init__(
        self,
        statements: StatementRunner,
        receipts: Receipts,
        count_people: Callable[[], Awaitable[None]],
        rewriters: Sequence[Rewriter],
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        seconds: float,
        retention_days: int,
    ) -> None:
        self._statements = statements
        self._receipts = receipts
        self._count_people = count_people
        self._rewriters = rewriters
        self._now = now
        self._clock = clock
        self._seconds = seconds
        self._retention = (retention_days + 1) * DAY

    async def run(
        self,
        erasure_ids: Sequence[str] | None = None,
        restored: Restored | None = None,
    ) -> SweepReport:
        """Execute what is due.

        Args:
            erasure_ids: begin these only, with what their people asked for before; without it, all
                that are due. What was begun is continued either way.
            restored: tables were restored, so what was executed since is executed again.
        """
        ends_at = self._clock() + self._seconds
        report = SweepReport()
        try:
            if restored:
                await self._begin_again(restored, report)
            await self._run(list(erasure_ids or ()), report, lambda: self._clock() >= ends_at)
        except OutOfTime:
            log("WARNING", "sweep ends early", reason="time")
        except UNAVAILABLE as failure:
            report.unavailable = str(failure) or type(failure).__name__
            log("WARNING", "sweep ends early", reason=report.unavailable)
        else:
            report.finished = True
        return report

    async def _run(
        self, erasure_ids: list[str], report: SweepReport, out_of_time: Callable[[], bool]
    ) -> None:
        now = self._now().astimezone(UTC)
        claim = await self._begin(erasure_ids, report, now)
        scopes = read_scopes(await self._statements.rows("find_scopes", now=now))
        first = self._first(scopes, now)
        execution = Execution(self._statements, self._receipts, scopes, now, first, claim)
        if scopes:
            await execution.count(oldest=now - self._retention)
            report.rows += await execution.change_tables(out_of_time, oldest=now - self._retention)
        try:
            for rewriter in self._rewriters:
                await rewriter.rewrite(scopes, execution.counts, out_of_time)
        finally:
            report.places = execution.taken()
            await execution.note_places()
        done_at = self._now().astimezone(UTC)
        report.executed = await execution.finish(done_at, done_at + TOMBSTONE)
        report.rows["delete_expired_erasures"] += await self._statements.change(
            "delete_expired_erasures", now=now
        )
        report.rows["delete_expired_holds"] += await self._statements.change(
            "delete_expired_holds", over_since=now - RELEASED_HOLD
        )

    async def _begin(self, erasure_ids: list[str], report: SweepReport, now: datetime) -> str:
        """Claim what is due, after its people were counted once more; return the claim."""
        claim = str(uuid.uuid4())
        report.rows["delete_superseded_erasures"] += await self._statements.change(
            "delete_superseded_erasures"
        )
        report.rows["restore_erasures_from_chat"] += await self._statements.change(
            "restore_erasures_from_chat"
        )
        [row] = await self._statements.rows("find_due_cut_off", now=now, erasure_ids=erasure_ids)
        latest = row["cut_off"]
        if latest is None:
            return claim
        if latest >= midnight(now.date()) - OPEN_WINDOW_DAYS * DAY:
            await self._count_people()
        report.rows["claim_due_erasures"] += await self._statements.change(
            "claim_due_erasures",
            now=now,
            erasure_ids=erasure_ids,
            claim=claim,
            copy_salt=str(uuid.uuid4()),  # not the claim: receipts tell that for ever
        )
        return claim

    async def _begin_again(self, restored: Restored, report: SweepReport) -> None:
        """Set back what was executed since the moment that restored tables are of."""
        claim = f"{AGAIN}{uuid.uuid4()}"
        await self._receipts.add(restored.receipt(claim))
        report.rows["reopen_executed_erasures"] += await self._statements.change(
            "reopen_executed_erasures",
            claim=claim,
            restored_to=restored.to,
            until=restored.at + RUNNING,
        )

    def _first(self, scopes: Scopes, now: datetime) -> datetime:
        """Return the first moment of which covered events may be stored.

        A tombstone that is older than it should be waited for the end of a legal hold.
        """
        waited = any(scope.executed_at and scope.executed_at < now - TOMBSTONE for scope in scopes)
        age = self._retention if waited or scopes.due() else REMEMBERED
        return midnight(now.date()) - min(age, self._retention)
