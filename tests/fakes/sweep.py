"""A sweep that executes nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime

from functions.privacy.erasures.restored_tables import Restored
from functions.privacy.sweep import job
from functions.privacy.sweep.job import SweepReport
from functions.privacy.sweep.search import Seen
from functions.privacy.sweep.work import Work
from functions.warehouse.ledger import News


class Sweep(job.Sweep):
    """Stands for `functions.privacy.sweep.job.Sweep`.

    Args:
        report: the report of each run; by default, it says that all work is done.
        failure: the error that each run raises; None if no run fails.

    Attributes:
        erasures: the ids of erasures that were passed to each run; None for all that are due.
        restorations: the restoration of tables that was passed to each run; None for none.
    """

    def __init__(self, report: SweepReport | None = None, failure: Exception | None = None) -> None:
        self._report = report or SweepReport(finished=True)
        self._failure = failure
        self.erasures: list[Sequence[str] | None] = []
        self.restorations: list[Restored | None] = []

    async def look(self, erasure_ids: Sequence[str] = ()) -> Seen:
        moment = datetime.min.replace(tzinfo=UTC)
        return Seen(moment, Work(0, 0, 0, 0, 0, 0, None, None, 0, None), News({}), "claim")

    async def prepare(self, seen: Seen) -> None:
        pass

    async def run(
        self,
        erasure_ids: Sequence[str] | None = None,
        restored: Restored | None = None,
        prepared: Seen | None = None,
    ) -> SweepReport:
        self.erasures.append(erasure_ids)
        self.restorations.append(restored)
        if self._failure:
            raise self._failure
        return self._report
