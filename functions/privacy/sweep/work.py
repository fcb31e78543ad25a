"""What a sweep has to do about erasures, and whether executions begin now.

An execution reads the tables once for all erasures together. So an erasure that is due waits some
hours for others, unless an execution begins at once for another reason.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from functions.observe.log import log
from functions.privacy.periods import GATHERING, OVERDUE, RELEASED_HOLD
from functions.warehouse.statements import Statements


class Work(NamedTuple):
    """What there is to do, as ``find_work.sql`` has counted it.

    An erasure is waiting if it is due, no sweep has begun to execute it, and no legal hold prevents
    that. An erasure counts once for each user key.

    Attributes:
        superseded: the number of erasures from the chat that another erasure makes unnecessary.
        restored: the number of erasures from the chat that people took back.
        expired: the number of rows of erasures that have expired.
        begun: the number of erasures that earlier sweeps began to execute and did not finish.
        immediate: the number of waiting erasures without a grace period.
        overdue: the number of erasures that were due long ago and are not executed.
        waiting_since: since when the oldest waiting erasure is due (UTC); None if none waits.
        cut_off: the latest cut-off of the waiting erasures (UTC); None if none waits.
        expired_holds: the number of legal holds that ended long ago.
        hold_ended_at: when the last legal hold ended (UTC); None if no ended hold is stored.
        executed_at: when an erasure was last executed (UTC); None if no executed one is stored.
        is_named: whether only the erasures that the caller named count as waiting.
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
        them has waited long enough, or if this sweep continues another execution anyway.

        Args:
            now: the current time (UTC).
        """
        if self.waiting_since is None:
            return False
        return bool(
            self.is_named or self.begun or self.immediate or self.waiting_since <= now - GATHERING
        )


async def find_work(statements: Statements, erasure_ids: Sequence[str], now: datetime) -> Work:
    """Find what there is to do, and log if erasures are overdue. An alert reads this log line.

    Args:
        statements: runs the statements of ``sql/privacy``.
        erasure_ids: only these erasures may begin; all that are due if the list is empty.
        now: the current time (UTC).

    Raises:
        StatementFailed: the query failed.
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
