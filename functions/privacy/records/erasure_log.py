"""The erasure log: all erasures, with their state and the time at which they are due.

It contains counts, but no key or id of a person. An erasure is listed until its last tombstone
expires. After that, only its receipts remain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from functions.warehouse.statements import Statements
from functions.warehouse.together import together

Status = Literal["hidden", "due", "executed", "restored", "expired"]

PAGE = 500
"""The maximum number of erasures in one answer. ``list_erasures.sql`` has the same limit."""

NEWEST = "~"
"""A text that sorts after every id. As the argument `before`, it selects all erasures."""

CLOCKS_APART = timedelta(days=1)
"""The largest assumed difference between the clocks of two instances. One instance makes the
erasure's id, which contains a time; another may write the receipt. So the receipt may seem to be
older than the erasure."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One erasure.

    Attributes:
        erasure_id: the id of the erasure.
        project: the project that the people are users of.
        status: ``hidden``, ``due``, ``executed`` or ``restored``. If the people are at different
            steps, this is the first of these steps. ``expired`` if only receipts remain.
        partner: the partner that the project belongs to.
        source: ``api`` if a caller requested the erasure; ``stream`` if a person did so in the
            chat.
        mode: ``grace`` if there is a grace period; otherwise ``immediate``.
        rows: whether the people's rows are anonymised or deleted: ``anonymise`` or ``delete``;
            ``both`` if a later request changed this for some of the people.
        cut_off: the end of the scope (UTC).
        due_at: when the erasure is due (UTC).
        executed_at: when the last person was erased (UTC).
        expires_at: when the last tombstone expires (UTC).
        user_keys: the number of user keys by step, such as ``hidden`` or ``executed``.
        on_hold: the number of user keys that wait for the end of a legal hold.
        receipts: the receipts of the erasure; empty in a list of erasures.
    """

    erasure_id: str
    project: str
    status: Status
    partner: str = ""
    source: str = ""
    mode: str = ""
    rows: str = ""
    cut_off: datetime | None = None
    due_at: datetime | None = None
    executed_at: datetime | None = None
    expires_at: datetime | None = None
    user_keys: dict[str, int] = {}
    on_hold: int = 0
    receipts: tuple[dict[str, Any], ...] = ()

    @property
    def matter(self) -> str:
        """The part of the erasure log that this erasure is in, as ``partner/project``.

        `functions.privacy.requests.caller.Caller.matters` returns the parts that a caller may see.
        """
        return f"{self.partner}/{self.project}"


@dataclass(frozen=True, slots=True)
class ErasureLog:
    """Reads the erasure log.

    Args:
        statements: runs the statements of ``sql/privacy``.
        now: returns the current time (timezone-aware).
    """

    statements: Statements
    now: Callable[[], datetime]

    async def page(
        self, matters: Sequence[str], status: str = "", before: str = "", project: str = ""
    ) -> list[Entry]:
        """Return the erasures that match the arguments, newest first: at most `PAGE`.

        Args:
            matters: the pairs ``partner/project`` that the caller may see, as returned by
                `functions.privacy.requests.caller.Caller.matters`.
            status: only erasures with this status; empty for all.
            before: only erasures older than the one with this id; empty for all.
            project: only erasures of this project; empty for all.

        Raises:
            StatementFailed: BigQuery did not answer.
        """
        return await self._list(matters, status=status, before=before or NEWEST, project=project)

    async def find(self, erasure_id: str, matters: Sequence[str]) -> Entry | None:
        """Return an erasure with its receipts; None if it is unknown, or the caller may not see it.

        Raises:
            StatementFailed: BigQuery did not answer.
        """
        filed_at = _time(erasure_id)
        if filed_at is None:
            return None
        entries: list[Entry]
        entries, rows = await together(
            self._list(matters, erasure_id=erasure_id),
            self.statements.rows(
                "list_receipts",
                since=filed_at - CLOCKS_APART,
                reference=erasure_id,
                matters=matters,
            ),
        )
        receipts = tuple(_receipt(row) for row in rows)
        if entries:
            return msgspec.structs.replace(entries[0], receipts=receipts)
        if not rows:
            return None
        return Entry(
            erasure_id=erasure_id,
            project=rows[0]["project"],
            partner=rows[0]["partner"] or "",
            status="expired",
            receipts=receipts,
        )

    async def _list(
        self,
        matters: Sequence[str],
        *,
        status: str = "",
        before: str = NEWEST,
        erasure_id: str = "",
        project: str = "",
    ) -> list[Entry]:
        rows = await self.statements.rows(
            "list_erasures",
            matters=matters,
            project=project,
            status=status,
            before=before,
            erasure_id=erasure_id,
            now=self.now(),
        )
        return [_entry(row) for row in rows]


def _entry(row: Any) -> Entry:
    steps = {step: row[step] for step in ("hidden", "due", "executed", "restored")}
    return Entry(
        erasure_id=row["erasure_id"],
        project=row["project"],
        status=row["status"],
        partner=row["partner"],
        source=row["source"],
        mode=row["mode"],
        rows=row["treatment"],
        cut_off=row["cut_off"],
        due_at=row["due_at"],
        executed_at=row["executed_at"],
        expires_at=row["expires_at"],
        user_keys={step: count for step, count in steps.items() if count},
        on_hold=row["on_hold"],
    )


def _receipt(row: Any) -> dict[str, Any]:
    return {
        "receipt_id": row["receipt_id"],
        "recorded_at": row["recorded_at"],
        "operation": row["operation"],
        "requested_by": row["requested_by"],
        "people": row["people"],
        "detail": msgspec.json.decode(row["detail"]),
    }


def is_erasure_id(text: str) -> bool:
    """Return whether a text has the form of an erasure's id."""
    return _time(text) is not None


def _time(erasure_id: str) -> datetime | None:
    """Return the time in an id (UUIDv7, RFC 9562); None if the text is not such an id.

    The time in a UUIDv7 may be after the year 9999. Then the result is also None, because this
    system makes no id with such a time.
    """
    try:
        parsed = UUID(erasure_id)
        if parsed.version != 7:
            return None
        return datetime.fromtimestamp((parsed.int >> 80) / 1_000, UTC)
    except (ValueError, OverflowError):
        return None
