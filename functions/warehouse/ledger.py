"""The ledger: what finished runs of jobs covered, and what is new since the last run of a job.

A run writes its entry when it has finished, with the time at which it began. A run that fails
writes no entry. So the next run covers all that is new since the last finished run began. Runs may
overlap.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from functions.warehouse.days import DAY, midnight
from functions.warehouse.late_days import OVERLAP, Reason
from functions.warehouse.statements import Statements

Job = Literal["refresh", "retention", "settle", "sweep", "full_sweep", "unfiled"]
"""A job that has entries in the ledger. A full sweep is a sweep that looked at all days."""


class Note(NamedTuple):
    """The newest note of a day for one reason.

    Attributes:
        noted_at: when the day was noted (UTC).
        day: the day (UTC).
        reason: why it was noted.
    """

    noted_at: datetime
    day: date
    reason: Reason


class News(NamedTuple):
    """What is new for the jobs.

    Attributes:
        runs: when the last finished run of each job began (UTC).
        notes: the notes within the time for which events are kept.
        refreshed: when the last finished refresh of each day (UTC) began.
    """

    runs: Mapping[Job, datetime]
    notes: tuple[Note, ...] = ()
    refreshed: Mapping[date, datetime] = MappingProxyType({})

    def late_days(self, since: datetime | None) -> set[date]:
        """Return the days (UTC) to which rows may have come late since a run began.

        Args:
            since: when the run began (timezone-aware); None for all noted days.
        """
        return {
            note.day
            for note in self.notes
            if note.reason == "late" and (since is None or note.noted_at >= since - OVERLAP)
        }


class Ledger:
    """Reads and writes the ledger, and the notes of days.

    Args:
        statements: runs the statements of ``sql/operate``.
        retention_days: the number of days for which events are kept; older entries do not matter.
    """

    def __init__(self, statements: Statements, retention_days: int) -> None:
        self._statements = statements
        self._kept = retention_days * DAY

    async def news(self, now: datetime) -> News:
        """Return what is new for the jobs.

        Args:
            now: the current time (timezone-aware).

        Raises:
            StatementFailed: the ledger could not be read.
        """
        rows = await self._statements.rows("find_news", oldest=now - self._kept)
        return News(
            {row["job"]: row["moment"] for row in rows if row["job"] and not row["day"]},
            tuple(
                Note(row["moment"], row["day"], row["reason"])
                for row in rows
                if row["day"] and not row["job"]
            ),
            {row["day"]: row["moment"] for row in rows if row["day"] and row["job"]},
        )

    async def note(self, days: Collection[date], reason: Reason, now: datetime) -> None:
        """Note days, so that jobs look at them again.

        Args:
            days: the days (UTC); if there are none, nothing is written.
            reason: why they are noted.
            now: the current time (timezone-aware).

        Raises:
            StatementFailed: it is unknown whether the days are noted.
        """
        if days:
            texts = [day.isoformat() for day in sorted(set(days))]
            await self._statements.change(
                "note_days", days=texts, reason=reason, noted_at=now.astimezone(UTC)
            )

    async def record(
        self, job: Job, started_at: datetime, finished_at: datetime, first: date, last: date
    ) -> None:
        """Record that a run has finished.

        Args:
            job: the job.
            started_at: when the run began (timezone-aware), before it read anything.
            finished_at: when it ended (timezone-aware).
            first: the first of the consecutive days that it covered (UTC).
            last: the last of these days (UTC).

        Raises:
            StatementFailed: it is unknown whether the entry is written. If it is not, the next run
                covers the same days again.
        """
        await self._statements.change(
            "record_run",
            job=job,
            started_at=started_at.astimezone(UTC),
            finished_at=finished_at.astimezone(UTC),
            first=midnight(first),
            end=midnight(last + DAY),
        )
