"""Reads what the tables hold about one person, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from functions.privacy.exports.messages import Owner
from functions.privacy.exports.own import Record, own_row
from functions.warehouse.protocols import StatementRunner

PAGE = 5_000
"""Rows of ``sql/privacy/find_events_of_person.sql``: of one page, in memory."""


class Subject(NamedTuple):
    """Whose data are asked for.

    Attributes:
        owner: the project that the person is a user of, and whose it is.
        ids: all that the person is known by there.
        user_keys: of these ids.
    """

    owner: Owner
    ids: frozenset[str]
    user_keys: Sequence[str]

    @property
    def project(self) -> str:
        """The project that the person is a user of."""
        return self.owner.project


class Tables:
    """The store.

    Args:
        statements: of ``sql/privacy``.
        retention_days: for which events are kept.
    """

    def __init__(self, statements: StatementRunner, retention_days: int) -> None:
        self._statements = statements
        self._kept = timedelta(days=retention_days + 2)

    async def records(self, subject: Subject, now: datetime) -> dict[str, list[Record]]:
        """Return what is held beside events, by table.

        Raises:
            StatementFailed: it was not read.
        """
        rows = await self._statements.rows(
            "find_records_of_person", project=subject.project, user_keys=subject.user_keys, now=now
        )
        by_table: dict[str, list[Record]] = {}
        for row in rows:
            by_table.setdefault(row["place"], []).append(msgspec.json.decode(row["content"]))
        return by_table

    async def events(self, subject: Subject, now: datetime) -> AsyncIterator[list[Record]]:
        """Go through the events that were received until now, in their order, by pages.

        Raises:
            StatementFailed: a page was not read.
        """
        after_time, after_delivery = now - self._kept, ""
        while True:
            rows = await self._statements.rows(
                "find_events_of_person",
                project=subject.project,
                user_keys=subject.user_keys,
                after_time=after_time,
                after_delivery=after_delivery,
                until=now,
            )
            if rows:
                yield [
                    own_row(msgspec.json.decode(row["content"]), subject.user_keys) for row in rows
                ]
            if len(rows) < PAGE:
                return
            after_time, after_delivery = rows[-1]["received_at"], rows[-1]["delivery_id"]
