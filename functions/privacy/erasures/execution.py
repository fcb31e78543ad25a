"""Executes erasures: changes the tables, writes receipts, and marks the erasures as executed."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from functions.observe.log import log
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.in_scope import InScope
from functions.privacy.erasures.redaction import NOBODY
from functions.privacy.erasures.restored_tables import AGAIN
from functions.privacy.erasures.scope import Scopes
from functions.privacy.erasures.searched_days import SearchedDays
from functions.privacy.periods import FAIL_SAFE, TIME_TRAVEL
from functions.privacy.records.receipts import Receipt, Receipts
from functions.warehouse.days import DAY, midnight, ranges
from functions.warehouse.parameters import Parameter
from functions.warehouse.statements import Statements
from functions.warehouse.together import together

Counts = Counter[tuple[str, str]]
"""Numbers of changed events. A key is a pair: an erasure id, and a text that names a place and a
change, such as ``spill_anonymised``."""

BY_CHANGE = (
    {"events_anonymised": "anonymise_events", "events_deleted": "delete_events"},
    {
        "room_events_anonymised": "anonymise_room_events",
        "room_events_deleted": "delete_room_events",
        "speakers_removed": "remove_speakers",
    },
)
"""The statement for each change of ``events_v1``, then for each change of ``room_events_v1``."""

LATER_COPIES = ("delete_later_copies", "delete_later_room_copies")
"""The statements that delete later copies from ``events_v1`` and from ``room_events_v1``. A later
copy is a copy of an event in scope that was received after the cut-off."""

REWRITES = frozenset({*LATER_COPIES, *(name for each in BY_CHANGE for name in each.values())})
"""The statements that change events. At the on-demand price, BigQuery bills all bytes of each day
on which one of them changes a row. So these statements cost the most. A deployment may run them in
a reservation of slots instead
(https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#on-demand-query-size-calculation)."""

REFRESHED = timedelta(hours=3)
"""For this long after an execution, each sweep erases the active days of the erased people again,
because a refresh may have read events before the execution and stored active days after it. The
time is long enough, because each statement of a refresh ends within minutes."""


RANGES = 4
"""How many times one sweep may run a statement that takes a range of days instead of a list. The
statement runs once for each stretch of consecutive days. If there are more stretches than this,
some of them are joined, and the statement also reads the days between them."""


class _Change(NamedTuple):
    """A statement of ``sql/privacy`` that changes rows, with its parameters except ``now``."""

    name: str
    parameters: Mapping[str, Parameter]


class Execution:
    """Executes the erasures that are due, and erases late events of erased people.

    Args:
        statements: runs the statements of ``sql/privacy``.
        receipts: stores the receipts.
        scopes: the scopes of the erasures that are being executed or were executed.
        now: the time (UTC) at which the sweep began; people on hold at this time are skipped.
        oldest: the earliest time (UTC) at which a stored identity can have been last seen.
        claim: the id that this sweep gave to the erasures that it began to execute.

    Attributes:
        counts: how many events were changed in objects and dead letters. The key of unreadable
            events, which are only moved, has `NOBODY` in place of the erasure id.
    """

    def __init__(
        self,
        statements: Statements,
        receipts: Receipts,
        scopes: Scopes,
        now: datetime,
        oldest: datetime,
        claim: str,
    ) -> None:
        self._statements = statements
        self._receipts = receipts
        self._scopes = scopes
        self._now = now
        self._oldest = oldest
        self._claim = claim
        self._projects = {scope.erasure_id: (scope.partner, scope.project) for scope in scopes}
        self._begun = {(scope.erasure_id, scope.claim) for scope in scopes.due()}
        self._stored: list[tuple[str, str]] = []
        self._are_all_counted = True
        self.counts: Counts = Counter()

    async def count(self, searched: SearchedDays, stored_before: datetime) -> InScope:
        """Count the rows in scope, and make receipts with these numbers.

        The caller must store the receipts before any row is changed. If an earlier sweep stored a
        receipt for the same execution, that receipt stays, because it also counts the rows that
        the earlier sweep has changed. The id of a receipt about late rows contains the time at
        which the newest of them was stored. So a repeated sweep does not count the same rows twice.

        Args:
            searched: the days to search.
            stored_before: `InScope.stored_before` counts the late rows that were stored before this
                time (timezone-aware).

        Raises:
            StatementFailed: BigQuery did not answer.
        """
        rows, with_copies = await self._count(searched, stored_before)
        found = InScope(with_copies=with_copies)
        begun: dict[tuple[str, str], Counter[str]] = {key: Counter() for key in self._begun}
        late: dict[tuple[str, str], tuple[int, datetime]] = {}
        for row in rows:
            erasure_id, claim, what, number = (
                row[name] for name in ("erasure_id", "claim", "what", "number")
            )
            found.add(row)
            if (erasure_id, claim) in begun:
                begun[erasure_id, claim][what] += number
            elif row["status"] == "executed":
                before, latest = late.get((erasure_id, what), (0, row["latest"]))
                late[erasure_id, what] = (before + number, max(latest, row["latest"]))
        receipts = [
            self._receipt(
                erasure_id, f"{claim}:begun", {"step": _step("begun", claim), "counts": counts}
            )
            for (erasure_id, claim), counts in sorted(begun.items())
        ]
        receipts += [
            self._receipt(
                erasure_id,
                f"late:{what}:{latest.isoformat()}:{number}",
                {"step": "late", "counts": {what: number}},
            )
            for (erasure_id, what), (number, latest) in late.items()
        ]
        found.receipts = receipts
        return found

    async def _count(
        self, searched: SearchedDays, stored_before: datetime
    ) -> tuple[list[Mapping[str, Any]], dict[str, set[date]]]:
        """Return the counts of rows in scope, and the days that may have later copies of events.

        The days are grouped by the statement that deletes the copies.
        """
        counted = {"now": self._now, "stored_before": stored_before}
        queries = []
        if searched.for_scope:
            queries.append(
                self._statements.rows("count_in_scope", **_on(searched.for_scope), **counted)
            )
        for first, end in ranges(searched.for_rooms, RANGES):
            queries.append(
                self._statements.rows("count_room_events_in_scope", first=first, end=end, **counted)
            )
        if searched.for_rooms:
            queries.append(
                self._statements.rows(
                    "count_identities_in_scope", now=self._now, oldest=self._oldest
                )
            )
        copies = [
            self._statements.rows("find_days_with_retries", first=first, end=end, now=self._now)
            for first, end in ranges(searched.with_copies(self._scopes), RANGES)
        ]
        answers = await together(*queries, *copies)
        rows = [row for answer in answers[: len(queries)] for row in answer]
        days: dict[str, set[date]] = defaultdict(set)
        for answer in answers[len(queries) :]:
            for row in answer:
                days[row["statement"]].add(row["day"].date())
        return rows, days

    async def change_tables(self, found: InScope, out_of_time: Callable[[], bool]) -> Counter[str]:
        """Change the rows in scope, with a statement for each table and treatment.

        Different tables are changed at the same time. The statements for one table run one after
        the other: if two statements change the same rows at the same time, one of them fails.

        Args:
            found: what `count` found.
            out_of_time: returns whether the time limit is reached.

        Returns:
            How many rows each statement changed, by the name of the statement.

        Raises:
            OutOfTime: the time limit is reached, and not all statements were run.
            StatementFailed: it is unknown whether all rows are changed; the next sweep continues.
        """
        changed: Counter[str] = Counter()

        async def change(*changes: _Change) -> None:
            for name, parameters in changes:
                if out_of_time():
                    raise OutOfTime
                changed[name] += await self._statements.change(name, now=self._now, **parameters)

        # Later copies are deleted first: to find them, BigQuery needs the events in scope, which
        # the other statements delete.
        copies = (_on_days(name, found.with_copies[name], listed=False) for name in LATER_COPIES)
        await together(*(change(*steps) for steps in copies))
        of_tables = (
            [step for what, name in each.items() for step in _on_days(name, found.days[what])]
            for each in BY_CHANGE
        )
        await together(
            *(change(*steps) for steps in of_tables),
            change(*self._changes_of_active_days()),
            change(*self._changes_of_identities(found)),
            self._read_receipts(),
        )
        # An event that arrived after the count is erased, but not counted.
        self._are_all_counted = all(
            changed[name] == found.numbers[what]
            for each in BY_CHANGE
            for what, name in each.items()
            if what != "speakers_removed"  # one row may have several of them
        )
        return changed

    def _changes_of_active_days(self) -> list[_Change]:
        """Return the statements that erase people from active days.

        A refresh may read events before an execution, and store active days of the erased people
        after it. So all sweeps within `REFRESHED` after an execution run these statements again.
        For later sweeps, the list is empty.
        """
        since = self._now - REFRESHED
        if all(scope.executed_at and scope.executed_at < since for scope in self._scopes):
            return []
        treatments = {scope.treatment for scope in self._scopes}
        names = ["anonymise_active_days"] if "anonymise" in treatments else []
        return [_Change(name, {"first": self._oldest}) for name in [*names, "delete_active_days"]]

    def _changes_of_identities(self, found: InScope) -> list[_Change]:
        """Return the statement that erases identities; an empty list if no identity is in scope.

        The statement also reads the events since the earliest cut-off, to find people who came
        back: their identities are not deleted.
        """
        if not found.with_identities:
            return []
        since = min(
            scope.cut_off for scope in self._scopes if scope.erasure_id in found.with_identities
        )
        days = {"first": midnight(since.date()), "end": midnight(self._now.date()) + 2 * DAY}
        return [_Change("erase_identities", days | {"oldest": self._oldest})]

    async def _read_receipts(self) -> None:
        """Read the receipts of the erasures that this sweep finishes.

        They have the numbers of changed rows. If another sweep began the execution, the numbers are
        in the receipt of that sweep.
        """
        references = sorted({erasure_id for erasure_id, _ in self._begun})
        if references:
            rows = await self._statements.rows(
                "find_receipts", now=self._now + DAY, references=references
            )
            self._stored = [(row["reference"], row["detail"]) for row in rows]

    async def note_places(self) -> None:
        """Write receipts that say how many events were changed in objects and dead letters.

        Unreadable events get no receipt; a log line says how many there are.

        Raises:
            StatementFailed: it is unknown whether the receipts are stored.
        """
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
        """Write a receipt for each erasure that this sweep finishes; mark the erasures as executed.

        A receipt has the total of all changes. If another sweep began the execution and crashed,
        the total may lack the events that the other sweep changed in objects and dead letters. So a
        total counts as exact only if this sweep also began the execution, and changed as many rows
        as it had counted.

        Args:
            done_at: the time (UTC) at which all live data was gone.
            expires_at: when the tombstones expire (UTC).

        Returns:
            How many rows and events were changed for each erasure id, by the kind of change.

        Raises:
            StatementFailed: it is unknown whether the erasures are marked as executed; the next
                sweep continues.
        """
        if not self._begun:
            return {}
        totals = self._totals()
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
                    "exact": self._are_all_counted and claim == self._claim,
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
        """Return how many events in objects and dead letters were changed, by place and change."""
        numbers: Counter[str] = Counter()
        for (_, what), number in self.counts.items():
            numbers[what] += number
        return numbers

    def _totals(self) -> dict[str, dict[str, int]]:
        """Add up the counts of the erasures that this sweep finishes."""
        totals: dict[str, Counter[str]] = {erasure_id: Counter() for erasure_id, _ in self._begun}
        for reference, text in self._stored:
            totals[reference].update(msgspec.json.decode(text, type=_CountsDetail).counts)
        for (erasure_id, what), number in self.counts.items():
            if erasure_id in totals:
                totals[erasure_id][what] += number
        return {erasure_id: dict(counts) for erasure_id, counts in totals.items()}

    def _receipt(self, erasure_id: str, step: str, detail: Mapping[str, object]) -> Receipt:
        partner, project = self._projects[erasure_id]
        return Receipt(
            f"{erasure_id}:{step}", "erasure", erasure_id, detail, partner=partner, project=project
        )


def _on(days: Collection[date]) -> dict[str, Parameter]:
    """Return the parameters that name days: the first moment, the end, and the list of all days."""
    each = [midnight(day) for day in sorted(days)]
    return {"first": each[0], "end": each[-1] + DAY, "days": each}


def _on_days(name: str, days: Collection[date], *, listed: bool = True) -> list[_Change]:
    """Return the runs of a statement that changes rows of these days; none if there are no days.

    A statement that takes a list of days (`listed`) runs once. A statement that takes a range runs
    once for each stretch of consecutive days.
    """
    if not listed:
        return [_Change(name, {"first": first, "end": end}) for first, end in ranges(days, RANGES)]
    return [_Change(name, _on(days))] if days else []


def _step(step: str, claim: str) -> str:
    """Return the name of a step for a receipt, with "again" if the erasure was executed before."""
    return f"{step} again" if claim.startswith(AGAIN) else step


class _CountsDetail(msgspec.Struct):
    """The part of a receipt's detail that is added up."""

    counts: dict[str, int] = {}  # msgspec copies an empty default for each instance
