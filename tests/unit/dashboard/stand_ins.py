"""Stand-ins for the rollups and for `operate`, and rows as the queries return them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from functions.dashboard.app import Dashboard
from functions.dashboard.operate import RefreshFailed
from functions.dashboard.report import DAILY, STEPS
from functions.dashboard.rollups import QueriesFailed, Rows
from functions.secrets.permissions import Permissions
from functions.web.caller import invoker

NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
NONE = Rows([], [], [], [], [])


def daily(day: date, **numbers: Any) -> dict[str, Any]:
    """Return a row of daily.sql; numbers that are not given are 0."""
    counts = dict.fromkeys((*DAILY, *STEPS), 0)
    received = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=10)
    return {"day": day, "last_received_at": received, **counts, **numbers}


def people(day: date, **numbers: int) -> dict[str, Any]:
    """Return a row of people.sql; numbers that are not given are 0."""
    names = (
        "dau", "wau", "mau", "active_90_days", "senders_90_days", "active_6_months",
        "senders_6_months",
    )  # fmt: skip
    return {"day": day, **dict.fromkeys(names, 0), **numbers}


def room(room_id: str, **fields: Any) -> dict[str, Any]:
    """Return a row of rooms.sql."""
    row = {"name": None, "events": 1, "messages": 0, "reactions": 0, "people_until": TODAY}
    return {"room_id": room_id, **row, "active_90_days": 1, "active_6_months": 1, **fields}


class Rollups:
    """Returns the same rows for all requests, and records the requests."""

    def __init__(self) -> None:
        self.rows = NONE
        self.requests: list[tuple[str, date, date, date]] = []
        self.failing = False

    async def read(self, project: str, first: date, last: date, first_week: date) -> Rows:
        self.requests.append((project, first, last, first_week))
        if self.failing:
            raise QueriesFailed
        return self.rows


class Operate:
    """Counts the requests to refresh."""

    def __init__(self) -> None:
        self.refreshed = 0
        self.failing = False

    def refresh(self) -> None:
        self.refreshed += 1
        if self.failing:
            raise RefreshFailed("503")


ROUTES = {
    route.path: route.method
    for route in Dashboard(
        identify=invoker,
        viewers=lambda: Permissions([], []),
        rollups=Rollups(),  # type: ignore[arg-type]  # a stand-in
        operate=Operate(),  # type: ignore[arg-type]  # a stand-in
        now=lambda: NOW,
    ).routes()
}
"""The HTTP method of each path that shows or refreshes numbers."""
