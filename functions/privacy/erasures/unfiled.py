"""``POST /unfiled``: each night, records deletions and restorations in the chat that were missed.

Usually, Pub/Sub delivers an event about each deletion and restoration to ``POST /stream``, which
records the event within seconds. If that fails, the event is still in the warehouse, because load
stores all events. So this job compares the stored events with the recorded erasures, and records
the missing ones. If any are missing, a log line raises an alert, because something went wrong.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime, timedelta

from starlette.responses import JSONResponse, Response

from functions.observe.log import log
from functions.privacy.erasures.deletions import DeletionMessage, Deletions
from functions.privacy.requests.people import user_keys
from functions.privacy.requests.request import PrivacyRequest
from functions.secrets.closed_partners import ClosedList, ClosedUnavailable
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.days import DAY, each_day, ranges
from functions.warehouse.late_days import on_time_from
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from functions.warehouse.statements import Statements
from functions.web.problem import ProblemError, retry_later

ON_TIME = timedelta(hours=1)
"""An event younger than this does not count as missed: the subscription may still deliver it."""

PAGE = 1_000
"""The maximum number of events that ``find_unfiled_deletions.sql`` returns."""

PAGES = 5
"""The maximum number of pages that one run records for each stretch of consecutive days. If more
pages are left, the next run continues."""


@dataclass(frozen=True, slots=True)
class Unfiled:
    """Finds deletions and restorations in the chat that are not recorded, and records them.

    Each run searches only the days to which events may have come since the last finished search. So
    the cost does not grow with the number of stored events.

    Args:
        statements: runs the statements of ``sql/privacy``.
        ledger: knows when the last finished search began, and which days are noted; records
            finished searches.
        deletions: records deletions and restorations.
        keys: the cell's pseudonym keys.
        closed: returns the list of closed partners, whose events are ignored.
        now: returns the current time (timezone-aware).
    """

    statements: Statements
    ledger: Ledger
    deletions: Deletions
    keys: PseudonymKeys
    _: KW_ONLY
    closed: Callable[[], Awaitable[ClosedList]]
    now: Callable[[], datetime]

    async def post(self, request: PrivacyRequest) -> Response:
        """``POST /unfiled``: records missed deletions and restorations, and answers with counts.

        Answers 200 if all are recorded, and 202 if the next run has to record the rest. The answer
        counts the missed events by name.

        Raises:
            ProblemError: the caller is neither the scheduler nor an operator (403), or the closed
                list cannot be read (503).
            StatementFailed: it is unknown whether all events are recorded; the next run continues.
        """
        if not (request.caller.is_scheduler or request.caller.is_operator):
            raise ProblemError(
                403, "Only the scheduler or someone in the cell's `privacy_callers` may do this"
            )
        try:
            closed = sorted((await self.closed()).partners)
        except ClosedUnavailable:
            raise retry_later("The closed list cannot be read at the moment") from None
        counts: Counter[str] = Counter()
        now = self.now().astimezone(UTC)
        days = await self._days(now)
        finished = True
        for first, end in ranges(days):
            finished &= await self._search(first, min(end, now - ON_TIME), closed, counts)
        if finished:
            await self.ledger.record("unfiled", now, self.now(), min(days), now.date())
        return JSONResponse({"found": counts, "finished": finished}, 200 if finished else 202)

    async def _days(self, now: datetime) -> set[date]:
        """Return the days (UTC) to which events may have come since the last finished search."""
        news = await self.ledger.news(now)
        ran_at = news.runs.get("unfiled")
        first = on_time_from(ran_at) if ran_at else now.date() - OPEN_WINDOW_DAYS * DAY
        late = {day for day in news.late_days(ran_at) if day <= now.date()}
        return late.union(each_day(min(first, now.date()), now.date()))

    async def _search(
        self, since: datetime, until: datetime, closed: list[str], counts: Counter[str]
    ) -> bool:
        """Record the missed events received from `since` to `until`; return whether all are done.

        The numbers of recorded events are added to `counts`, by event name.
        """
        for _ in range(PAGES):
            told = await self._find(since, until, closed)
            if told:
                await self.deletions.file_all(told)
                _report(told)
                counts.update(deletion.event for deletion in told)
            if len(told) < PAGE:
                return True
        return False

    async def _find(
        self, since: datetime, until: datetime, closed: list[str]
    ) -> list[DeletionMessage]:
        rows = await self.statements.rows(
            "find_unfiled_deletions", since=since, until=until, closed=closed
        )
        return [
            DeletionMessage(
                row["event"],
                row["partner"],
                row["project"],
                self._all_keys(row["project"], row["user_key"], row["user_id"]),
                row["received_at"],
                row["occurred_at"],
            )
            for row in rows
        ]

    def _all_keys(self, project: str, user_key: str, user_id: str | None) -> list[str]:
        """Return a person's user keys for all key versions; only `user_key` if there is no id."""
        known = [] if user_id is None else user_keys(self.keys, project, [user_id])
        return list(dict.fromkeys([user_key, *known]))


def _report(told: list[DeletionMessage]) -> None:
    """Log how many missed events were found; an alert reads this line."""
    log("ERROR", "deletions not filed", found=len(told), events=Counter(e.event for e in told))
