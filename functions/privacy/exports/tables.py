"""Reads the data about one person from the tables. Events are read a page at a time."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from functions.privacy.exports.messages import Owner
from functions.privacy.exports.own import Record, own_row
from functions.warehouse.statements import Statements

PAGE = 5_000
"""The maximum number of rows in one page. ``sql/privacy/find_events_of_person.sql`` has the same
limit. Only one page is in memory at a time."""


class Subject(NamedTuple):
    """The person whose data is exported.

    Attributes:
        owner: the person's project, and the partner that it belongs to.
        ids: all ids of the person in this project.
        user_keys: the user keys of these ids.
    """

    owner: Owner
    ids: frozenset[str]
    user_keys: Sequence[str]

    @property
    def project(self) -> str:
        """The project that the person is a user of."""
        return self.owner.project


class Tables:
    """Reads the tables of the store.

    Args:
        statements: runs the statements of ``sql/privacy``.
        retention_days: the number of days for which events are kept.
    """

    def __init__(self, statements: Statements, retention_days: int) -> None:
        self._statements = statements
        self._kept = timedelta(days=retention_days + 2)

    async def records(self, subject: Subject, now: datetime) -> dict[str, list[Record]]:
        """Return the person's rows by table, from all tables except the tables of events.

        Raises:
            StatementFailed: the tables were not read.
        """
        rows = await self._statements.rows(
            "find_records_of_person", project=subject.project, user_keys=subject.user_keys, now=now
        )
        by_table: dict[str, list[Record]] = {}
        for row in rows:
            by_table.setdefault(row["place"], []).append(msgspec.json.decode(row["content"]))
        return by_table

    async def events(self, subject: Subject, now: datetime) -> AsyncIterator[list[Record]]:
        """Yield pages of the person's events that were received until `now`, oldest first.

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
