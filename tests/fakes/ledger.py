"""The ledger and the notes of late days in memory."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from functions.load.row import Row
from functions.warehouse.days import each_day
from functions.warehouse.statements import Statements

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LedgerTables(Statements):
    """Stands for `functions.warehouse.statements.Statements`, and runs the ledger's on lists.

    It also stores the rows that `load` appends.

    Attributes:
        runs: the job and the start of each finished run.
        refreshed: each day, and the start of a finished refresh of it.
        notes: the time, the day and the reason of each note.
    """

    def __init__(self) -> None:
        self.runs: list[tuple[str, datetime]] = []
        self.refreshed: list[tuple[date, datetime]] = []
        self.notes: list[tuple[datetime, date, str]] = []

    async def store(self, row: Row) -> None:
        """Store a row of ``late_days_v1``, in the form that the Storage Write API takes."""
        noted_at, day, reason = row["noted_at"], row["day"], row["reason"]
        assert isinstance(noted_at, int)
        assert isinstance(day, int)
        moment = EPOCH + timedelta(microseconds=noted_at)
        self.notes.append((moment, EPOCH.date() + timedelta(days=day), str(reason)))

    async def rows(self, name: str, **parameters: Any) -> list[Any]:
        assert name == "find_news"
        newest: dict[Any, datetime] = {}
        for moment, key in [
            *((started_at, (job, None, None)) for job, started_at in self.runs),
            *((started_at, ("refresh", day, None)) for day, started_at in self.refreshed),
            *((noted_at, (None, day, reason)) for noted_at, day, reason in self.notes),
        ]:
            if moment >= parameters["oldest"]:
                newest[key] = max(newest.get(key, moment), moment)
        return [
            {"moment": moment, "job": job, "day": day, "reason": reason}
            for (job, day, reason), moment in newest.items()
        ]

    async def change(self, name: str, **parameters: Any) -> int:
        if name == "note_days":
            days = [date.fromisoformat(day) for day in parameters["days"]]
            self.notes += [(parameters["noted_at"], day, parameters["reason"]) for day in days]
        else:
            assert name == "record_run"
            self.runs.append((parameters["job"], parameters["started_at"]))
            if parameters["job"] == "refresh":
                last = parameters["end"] - timedelta(days=1)
                days = each_day(parameters["first"].date(), last.date())
                self.refreshed += [(day, parameters["started_at"]) for day in days]
        return 1
