"""Reads the rollups, and the time of their last refresh, with the queries in ``sql/dashboard``."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

# This import is slow. Here, it delays the start of the process instead of the first page.
import google.cloud.bigquery  # noqa: F401

from functions.observe.log import log
from functions.warehouse.statements import StatementFailed, Statements

Row = Mapping[str, Any]


class QueriesFailed(Exception):
    """A query failed, so the page cannot be shown."""


class Rows(NamedTuple):
    """The rows that the queries of a page return. Each field has the name of its query's file."""

    daily: Sequence[Row]
    people: Sequence[Row]
    rooms: Sequence[Row]
    cohorts: Sequence[Row]
    synchronised: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Rollups:
    """Runs all queries of a page at the same time.

    Args:
        statements: runs the statements of ``sql/dashboard``.
    """

    statements: Statements

    async def read(self, project: str, first: date, last: date, first_week: date) -> Rows:
        """Return the rows of all queries for the days from ``first`` to ``last``.

        Args:
            project: the project's name.
            first: the first UTC day.
            last: the last UTC day.
            first_week: the Monday (UTC) of the oldest cohort to return.

        Raises:
            QueriesFailed: one of the queries failed.
        """
        days: dict[str, date | str] = {"project": project, "last": last}
        results = await asyncio.gather(
            self._rows("daily", first=first, **days),
            self._rows("people", first=first, **days),
            self._rows("rooms", first=first, **days),
            self._rows("cohorts", first=first_week, **days),
            self._rows("synchronised", first=first),
        )
        return Rows(*results)

    async def _rows(self, query: str, **parameters: date | str) -> list[Row]:
        try:
            rows = await self.statements.rows(query, **parameters)
        except StatementFailed as failure:
            log("ERROR", "dashboard query failed", query=query, error=failure.kind)
            raise QueriesFailed from failure
        return [dict(row.items()) for row in rows]
