"""Reads the rollups, and the record of their refreshes, with the queries in ``sql/dashboard/``."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

# This import is slow. It is made here, so that it delays the start instead of the first page.
import google.cloud.bigquery  # noqa: F401

from functions.observe.log import log
from functions.warehouse.statements import StatementFailed, Statements

Row = Mapping[str, Any]


class QueriesFailed(Exception):
    """A query failed, so the page cannot be shown."""


class Rows(NamedTuple):
    """The results of one page's queries; each field is named like the file of the query."""

    daily: Sequence[Row]
    people: Sequence[Row]
    rooms: Sequence[Row]
    cohorts: Sequence[Row]
    synchronised: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Rollups:
    """Runs all queries of a page concurrently.

    Args:
        statements: runs the statements of ``sql/dashboard``.
    """

    statements: Statements

    async def read(self, project: str, first: date, last: date, first_week: date) -> Rows:
        """Return the rows for a stretch of days.

        Args:
            project: the project's name.
            first: the first UTC day.
            last: the last UTC day.
            first_week: the Monday of the first cohort.

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
