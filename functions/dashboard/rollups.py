"""Reads the rollups: the queries of ``sql/dashboard/``, which know no other tables."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

# Slow to import, but every page needs it: so it is imported at the start, not at the first page.
import google.cloud.bigquery  # noqa: F401

from functions.observe.log import log
from functions.warehouse.protocols import Statements
from functions.warehouse.statements import StatementFailed

Row = Mapping[str, Any]


class QueriesFailed(Exception):
    """A query did not succeed, so there is nothing to show."""


class Rows(NamedTuple):
    """What the queries of one page return, by query: see the files."""

    daily: Sequence[Row]
    people: Sequence[Row]
    rooms: Sequence[Row]
    cohorts: Sequence[Row]
    synchronised: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Rollups:
    """Runs the queries, all at a time.

    Args:
        statements: of ``sql/dashboard``.
    """

    statements: Statements

    async def read(self, project: str, first: date, last: date, first_week: date) -> Rows:
        """Return the rows of a stretch of days.

        Args:
            project: the partner's.
            first: the first UTC day.
            last: the last UTC day.
            first_week: the Monday from which on cohorts are told.

        Raises:
            QueriesFailed: one of the queries did not succeed.
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
