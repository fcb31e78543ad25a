"""Finds the work of a sweep about erasures, and decides whether executions begin now.

An execution reads the tables once for all erasures together. So an erasure that is due waits up to
`functions.privacy.periods.GATHERING` for other erasures. If another erasure must be executed at
once, the waiting erasures are executed together with it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from functions.observe.log import log
from functions.privacy.periods import GATHERING, OVERDUE, RELEASED_HOLD
from functions.warehouse.statements import Statements


class Work(NamedTuple):
    """What a sweep has to do, as ``sql/privacy/find_work.sql`` counts it.

    An erasure counts once for each user key. An erasure is waiting if it is due and can begin: no
    sweep has begun to execute it, no legal hold prevents the execution, no other erasure makes it
    unnecessary, and the person did not take it back. If the caller names erasures, only these can
    count as waiting.

    Attributes:
        superseded: the number of erasures from the chat that another erasure makes unnecessary.
        restored: the number of erasures from the chat that people took back.
        expired: the number of rows of ``erasures_v1`` that have expired.
        begun: the number of erasures that sweeps began to execute and did not finish.
        immediate: the number of waiting erasures without a grace period.
        overdue: the number of begun or waiting erasures that were due long ago.
        waiting_since: when the first of the waiting erasures was due (UTC); None if none waits.
        cut_off: the latest cut-off of the waiting erasures (UTC); None if none waits.
        expired_holds: the number of rows of legal holds that ended long ago.
        hold_ended_at: when a legal hold last ended (UTC); None if no ended hold is stored.
        executed_at: when an erasure was last executed (UTC); None if no executed one is stored.
        is_named: whether the caller named the erasures that may begin.
    """

    superseded: int
    restored: int
    expired: int
    begun: int
    immediate: int
    overdue: int
    waiting_since: datetime | None
    cut_off: datetime | None
    expired_holds: int
    hold_ended_at: datetime | None
    executed_at: datetime | None = None
    is_named: bool = False

    def begins(self, now: datetime) -> bool:
        """Return whether the execution of the waiting erasures begins now.

        It begins if the caller named these erasures, if one of them has no grace period, if one of
        them has waited for `GATHERING`, or if this sweep continues another execution anyway.

        Args:
            now: the current time (UTC).
        """
        if self.waiting_since is None:
            return False
        return bool(
            self.is_named or self.begun or self.immediate or self.waiting_since <= now - GATHERING
        )


async def find_work(statements: Statements, erasure_ids: Sequence[str], now: datetime) -> Work:
    """Find out what a sweep has to do.

    If erasures are overdue, a log line says so, and an alert reads this line.

    Args:
        statements: runs the statements of ``sql/privacy``.
        erasure_ids: only these erasures may begin; if empty, all that are due may begin.
        now: the current time (UTC).

    Raises:
        StatementFailed: the store could not be read.
    """
    [row] = await statements.rows(
        "find_work",
        now=now,
        erasure_ids=erasure_ids,
        overdue_since=now - OVERDUE,
        holds_over_since=now - RELEASED_HOLD,
    )
    columns = {name: row[name] for name in Work._fields if name != "is_named"}
    work = Work(**columns, is_named=bool(erasure_ids))
    if work.overdue:
        log("ERROR", "erasures overdue", erasures=work.overdue)
    return work
