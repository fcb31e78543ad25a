"""Reads and writes the ledger, which has an entry for each finished run of a job.

A run writes its entry when it has finished. The entry says when the run began and which days it
covered. A run that fails writes no entry. So the next run covers everything that is new since the
last finished run began. Runs may overlap.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from functions.warehouse.days import DAY, midnight
from functions.warehouse.late_days import OVERLAP, Reason
from functions.warehouse.statements import Statements

Job = Literal["refresh", "retention", "settle", "sweep", "full_sweep", "unfiled"]
"""A job that has entries in the ledger. A full sweep is a sweep that searched all days. ``unfiled``
looks each night for deletions in the chat for which no erasure was filed."""


class Note(NamedTuple):
    """The newest note of a day for one reason.

    Attributes:
        noted_at: when the day was last noted for this reason (UTC).
        day: the day (UTC).
        reason: why the day was noted.
    """

    noted_at: datetime
    day: date
    reason: Reason


class News(NamedTuple):
    """The times of runs and notes, from which each job finds out what is new for it.

    Attributes:
        runs: when the last finished run of each job began (UTC).
        notes: the newest note of each day for each reason; notes that are older than all stored
            events are left out.
        refreshed: for each day (UTC), when the last finished refresh that covered it began (UTC).
    """

    runs: Mapping[Job, datetime]
    notes: tuple[Note, ...] = ()
    refreshed: Mapping[date, datetime] = MappingProxyType({})

    def late_days(self, since: datetime | None) -> set[date]:
        """Return the days (UTC) that were noted as late since a run began.

        Days that were noted up to `OVERLAP` before the run are included: their rows may have been
        stored after the run began.

        Args:
            since: when the run began (timezone-aware); None to return all days noted as late.
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
        retention_days: the number of days for which events are kept. Older entries and notes are
            not read.
    """

    def __init__(self, statements: Statements, retention_days: int) -> None:
        self._statements = statements
        self._kept = retention_days * DAY

    async def news(self, now: datetime) -> News:
        """Read the times of runs and notes, from which each job finds out what is new for it.

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
            reason: why the days are noted.
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
            job: the job that ran.
            started_at: when the run began (timezone-aware), before it read anything.
            finished_at: when the run ended (timezone-aware).
            first: the first day (UTC) that the run covered.
            last: the last day (UTC) that the run covered.

        Raises:
            StatementFailed: it is unknown whether the entry is written. Without the entry, the next
                run covers the same days again.
        """
        await self._statements.change(
            "record_run",
            job=job,
            started_at=started_at.astimezone(UTC),
            finished_at=finished_at.astimezone(UTC),
            first=midnight(first),
            end=midnight(last + DAY),
        )
