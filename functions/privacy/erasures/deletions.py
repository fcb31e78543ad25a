"""Records that people deleted or restored their profile in the chat.

One statement records many messages, because BigQuery runs only two changes of a table at a time.
The effect of a message depends only on two times: when the message was received, and when the
person deleted or restored the profile. So messages may be recorded in any order and in any batches.
First, all messages that are not recorded yet are added. Then, deletions that another erasure makes
unnecessary are removed, and deletions that the person took back are marked as restored.
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from functions.events.body import encode_json
from functions.observe.log import log
from functions.privacy import periods
from functions.privacy.erasures.restoration import restoration
from functions.privacy.records.receipts import Receipt, Receipts
from functions.warehouse.late_days import LATE
from functions.warehouse.ledger import Ledger
from functions.warehouse.statements import Statements

DELETED, RESTORED = "delete_profile_confirmed", "account_restored"


class DeletionMessage(NamedTuple):
    """A message from the chat: a person has deleted or restored their profile.

    Attributes:
        event: `DELETED` or `RESTORED`.
        partner: the partner that the project belongs to.
        project: the project that the person is a user of.
        user_keys: the person's user keys, for every version of the pseudonym key.
        received_at: when the message was received (timezone-aware).
        occurred_at: when the person deleted or restored the profile, by the sender's clock
            (timezone-aware); None if the sender does not say.
    """

    event: str
    partner: str
    project: str
    user_keys: Sequence[str]
    received_at: datetime
    occurred_at: datetime | None = None


class _Entry(msgspec.Struct, frozen=True):
    """A row to add to `erasures_v1`."""

    erasure_id: str
    partner: str
    project: str
    user_key: str
    status: str
    cut_off: datetime
    due_at: datetime
    expires_at: datetime | None
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Deletions:
    """Records deletions and restorations in the chat.

    Args:
        statements: runs the statements of ``sql/privacy``.
        ledger: notes the days of messages that are recorded late.
        receipts: stores a receipt for each deletion, and one more if the person takes the deletion
            back.
        now: returns the current time (timezone-aware).
        new_id: returns a new erasure id; ids sort by time.
    """

    statements: Statements
    ledger: Ledger
    receipts: Receipts
    _: KW_ONLY
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    async def file_all(self, told: Sequence[DeletionMessage]) -> None:
        """Record messages, and write receipts. A message that is already recorded is left out.

        If a deletion and a restoration were received in one order but happened in the other, the
        person stays hidden, and a log line raises an alert: an operator has to find out which of
        the two was the last.

        Args:
            told: the messages, in any order; at least one.

        Raises:
            StatementFailed: it is unknown whether all messages are recorded; the call can be
                repeated.
        """
        entries = {
            (deletion.event, deletion.project, entry.user_key, deletion.received_at): entry
            for deletion in reversed(told)  # so the first of two duplicates is kept
            for entry in self._entries(deletion)
        }
        now = self.now()
        late = {
            deletion.received_at.astimezone(UTC).date()
            for deletion in told
            if deletion.received_at < now - LATE
        }
        await self.ledger.note(late, "filed", now)
        texts = [encode_json(msgspec.to_builtins(entry)) for entry in entries.values()]
        await self.statements.change("file_deletions", entries=texts)
        await self.statements.change("delete_superseded_erasures")
        await self.statements.change("restore_erasures_from_chat", now=self.now())
        rows = await self.statements.rows(
            "find_deletions",
            projects=sorted({deletion.project for deletion in told}),
            user_keys=sorted({key for deletion in told for key in deletion.user_keys}),
        )
        contradicting = sum(row["contradicts"] for row in rows)
        if contradicting:
            log("ERROR", "deletion contradicts restoration", found=contradicting)
        receipts: list[Receipt] = []
        for row in rows:
            erasure_id, partner, project = (
                row[name] for name in ("erasure_id", "partner", "project")
            )
            receipts.append(_filed(erasure_id, partner, project))
            if row["status"] == "restored":
                receipts.append(restoration(erasure_id, partner, project))
        await self.receipts.add_all(receipts)

    def _entries(self, told: DeletionMessage) -> list[_Entry]:
        erasure_id, deletes = self.new_id(), told.event == DELETED
        return [
            _Entry(
                erasure_id,
                told.partner,
                told.project,
                user_key,
                "hidden" if deletes else "restoration",
                told.received_at,
                told.received_at + periods.GRACE if deletes else told.received_at,
                None if deletes else self.now() + periods.REMEMBERED,
                told.occurred_at,
            )
            for user_key in told.user_keys
        ]


def _filed(erasure_id: str, partner: str, project: str) -> Receipt:
    return Receipt(
        receipt_id=f"{erasure_id}/filed",
        operation="erasure",
        reference=erasure_id,
        detail={"step": "filed", "source": "stream", "mode": "grace", "rows": "anonymise"},
        partner=partner,
        project=project,
        people=1,
    )
