"""The sweep: executes erasures that are due, and erases events that arrive after an execution.

Each step finds the remaining work and can be repeated. So the next sweep continues an interrupted
one, and concurrent sweeps do no harm. The number of statements does not depend on the number of
people.

A sweep first reads small tables, to find its work. Most sweeps then read no event:
`functions.privacy.sweep.search` decides which days are searched. Once a week, a full sweep searches
all days. If the full sweep finds an event that an earlier sweep has missed, a log line raises an
alert.
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
from functions.privacy.periods import RELEASED_HOLD, TOMBSTONE
from functions.privacy.records.receipts import Receipts
from functions.privacy.sweep.open_days import OpenDays
from functions.privacy.sweep.search import Chosen, Search, Seen
from functions.privacy.sweep.work import Work, find_work
from functions.warehouse.days import midnight
from functions.warehouse.rollups import open_days
from functions.warehouse.statements import StatementFailed, Statements
from functions.warehouse.together import together


class Rewriter(Protocol):
    """Removes people from events outside the tables: from objects, or from dead letters."""

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Remove people in scope from all events in one place, and quarantine unreadable data.

        Args:
            scopes: the scopes of all erasures.
            counts: the numbers of changed events are added here.
            out_of_time: returns whether to stop.

        Raises:
            OutOfTime: there was no time to read all events.
            BucketUnavailable: the bucket did not answer.
            SubscriptionUnavailable: Pub/Sub did not answer.
            PublishFailed: Pub/Sub did not accept a message.
        """


UNAVAILABLE = (StatementFailed, BucketUnavailable, SubscriptionUnavailable, PublishFailed)
"""The errors of services that do not answer. Each ends a sweep early; the next sweep continues."""


@dataclass(slots=True)
class SweepReport:
    """The report of a sweep.

    Attributes:
        finished: whether all work that was due is done.
        executed: the executed erasures, by id, with counts of the changed rows and events.
        rows: the number of rows that each statement changed, by statement.
        places: the number of events changed in objects and dead letters, by place and change.
        unavailable: the error that ended the sweep early, because a service did not answer; empty
            if there was none.
    """

    finished: bool = False
    executed: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    unavailable: str = ""


class Sweep:
    """Executes the erasures that are due, and erases late events of people who were erased before.

    Args:
        statements: runs the statements of ``sql/privacy``.
        receipts: stores the receipts.
        search: chooses the days to search, and records finished sweeps.
        open_days: refreshes active days and the rollups of recent days, before people are erased.
        rewriters: remove people from events outside the tables, in this order.
        now: returns the current time (timezone-aware).
        clock: returns the seconds of a monotonic clock.
        seconds: the number of seconds after which no more steps are started.
    """

    def __init__(
        self,
        statements: Statements,
        receipts: Receipts,
        search: Search,
        open_days: OpenDays,
        rewriters: Sequence[Rewriter],
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        seconds: float,
    ) -> None:
        self._statements = statements
        self._receipts = receipts
        self._search = search
        self._open_days = open_days
        self._rewriters = rewriters
        self._now = now
        self._clock = clock
        self._seconds = seconds

    async def look(self, erasure_ids: Sequence[str] = ()) -> Seen:
        """Find out which work is due; read the last runs of jobs and the noted days.

        Args:
            erasure_ids: only these erasures may begin; if empty, all that are due may begin.

        Raises:
            StatementFailed: the store could not be read.
        """
        now = self._now().astimezone(UTC)
        work, news = await together(
            find_work(self._statements, erasure_ids, now), self._search.news(now)
        )
        return Seen(now, work, news, str(uuid.uuid4()))

    async def prepare(self, seen: Seen) -> None:
        """Count the people of past days a last time, before erasures are executed.

        Call this method if a cut-off is in the open window. The cut-off of an immediate erasure
        always is.

        Args:
            seen: what `look` returned.

        Raises:
            StatementFailed: it is unknown whether all people are counted.
        """
        await self._open_days.count_past(seen.news, seen.work.executed_at)

    async def run(
        self,
        erasure_ids: Sequence[str] | None = None,
        restored: Restored | None = None,
        prepared: Seen | None = None,
    ) -> SweepReport:
        """Execute the erasures that are due, and report what was done.

        If the time limit is reached or a service does not answer, the sweep ends early. The report
        says so, and the next sweep continues.

        Args:
            erasure_ids: begin only these erasures, and earlier erasures of the same people; None to
                begin all that are due. Erasures that were begun before are continued in any case.
            restored: the restoration of tables that the caller reported; None if no table was
                restored. The sweep repeats the erasures that the restoration undid.
            prepared: what `look` returned; None if the caller has not called `look` and `prepare`.
        """
        ends_at = self._clock() + self._seconds
        report = SweepReport()
        try:
            if restored:
                await self._begin_again(restored, report)
            await self._run(
                list(erasure_ids or ()),
                restored,
                prepared,
                report,
                lambda: self._clock() >= ends_at,
            )
        except OutOfTime:
            log("WARNING", "sweep ends early", reason="time")
        except UNAVAILABLE as failure:
            report.unavailable = str(failure) or type(failure).__name__
            log("WARNING", "sweep ends early", reason=report.unavailable)
        else:
            report.finished = True
        return report

    async def _run(
        self,
        erasure_ids: list[str],
        restored: Restored | None,
        prepared: Seen | None,
        report: SweepReport,
        out_of_time: Callable[[], bool],
    ) -> None:
        now = self._now().astimezone(UTC)
        if prepared and prepared.at.date() == now.date():
            seen = prepared
            begins = await self._begin(seen, erasure_ids, report, now, is_counted=True)
        else:
            seen = await self.look(erasure_ids)
            begins = await self._begin(seen, erasure_ids, report, now)
        oldest = self._search.oldest(now)
        queries = [self._statements.rows("find_scopes", now=now)]
        if begins:
            queries.append(self._statements.rows("find_days_in_scope", first=oldest, now=now))
        rows, *days = await together(*queries)
        active = {row["day"].date() for found in days for row in found}
        scopes = read_scopes(rows)
        chosen = self._search.choose(scopes, seen, restored, now, active)
        execution = Execution(self._statements, self._receipts, scopes, now, oldest, seen.claim)
        if scopes:
            await self._change_tables(execution, chosen, report, out_of_time)
        try:
            for rewriter in self._rewriters:
                await rewriter.rewrite(scopes, execution.counts, out_of_time)
        finally:
            report.places = execution.taken()
            await execution.note_places()
        done_at = self._now().astimezone(UTC)
        # The sweep is recorded even if the erasures cannot be finished, because the record only
        # says which days were searched.
        report.executed, _ = await together(
            execution.finish(done_at, done_at + TOMBSTONE),
            self._search.record(chosen.days, now, done_at),
        )
        await self._delete_expired(seen.work, report, now)

    async def _begin(
        self,
        seen: Seen,
        erasure_ids: list[str],
        report: SweepReport,
        now: datetime,
        *,
        is_counted: bool = False,
    ) -> bool:
        """Begin to execute the erasures that are due, unless they wait for others.

        Before that, erasures from the chat are deleted if another erasure makes them unnecessary,
        and are marked as restored if the people took them back. If a cut-off is in the open window,
        people are counted a last time. If counting fails, the erasures begin nevertheless.

        Returns:
            Whether any erasures begin now.
        """
        work = seen.work
        if work.superseded:
            report.rows["delete_superseded_erasures"] += await self._statements.change(
                "delete_superseded_erasures"
            )
        if work.restored:
            report.rows["restore_erasures_from_chat"] += await self._statements.change(
                "restore_erasures_from_chat", now=now
            )
        if not (is_counted or work.begins(now)):
            return False
        is_recent = work.cut_off and work.cut_off >= midnight(open_days(now)[0])
        if is_recent and not is_counted:
            await _try_to_count(self.prepare(seen))
        claim = self._statements.change(
            "claim_due_erasures",
            now=now,
            erasure_ids=erasure_ids,
            claim=seen.claim,
            # The claim cannot be the salt: receipts keep claims for ever, but tombstones expire.
            copy_salt=str(uuid.uuid4()),
        )
        is_needed = is_recent or is_counted
        today = [_try_to_count(self._open_days.refresh_today())] if is_needed else []
        report.rows["claim_due_erasures"] += (await together(claim, *today))[0]
        return True

    async def _change_tables(
        self,
        execution: Execution,
        chosen: Chosen,
        report: SweepReport,
        out_of_time: Callable[[], bool],
    ) -> None:
        found = await execution.count(chosen.days, chosen.stored_before)
        if found.stored_before:
            log("ERROR", "late rows missed", rows=found.stored_before)
        await together(
            self._receipts.add_all(found.receipts),
            self._search.note_changes(
                found.days_of_events, found.days_with_copies, self._now().astimezone(UTC)
            ),
        )
        report.rows += await execution.change_tables(found, out_of_time)

    async def _delete_expired(self, work: Work, report: SweepReport, now: datetime) -> None:
        if work.expired:
            report.rows["delete_expired_erasures"] += await self._statements.change(
                "delete_expired_erasures", now=now
            )
        if work.expired_holds:
            report.rows["delete_expired_holds"] += await self._statements.change(
                "delete_expired_holds", over_since=now - RELEASED_HOLD
            )

    async def _begin_again(self, restored: Restored, report: SweepReport) -> None:
        """Make those erasures due again that the restoration of tables may have undone.

        Before that, store a receipt, and note the days whose deleted rows may be back.
        """
        claim = f"{AGAIN}{uuid.uuid4()}"
        await self._receipts.add(restored.receipt(claim))
        await self._search.note_restored(restored, self._now().astimezone(UTC))
        report.rows["reopen_executed_erasures"] += await self._statements.change(
            "reopen_executed_erasures",
            claim=claim,
            restored_to=restored.to,
            until=restored.at + RUNNING,
        )


async def _try_to_count(count: Awaitable[None]) -> None:
    """Count people before they are erased. Only log a failure, because erasures must go on."""
    try:
        await count
    except StatementFailed as failure:
        log("ERROR", "people not counted before an erasure", failed=failure.statement)
