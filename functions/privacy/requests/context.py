"""What every operation works with."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from functions.privacy.records.receipts import Receipts
from functions.privacy.requests.caller import Caller
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.protocols import StatementRunner


class Context(NamedTuple):
    """What the operations work with.

    Attributes:
        statements: of ``sql/privacy``.
        receipts: where each operation is noted.
        keys: of user keys.
        partner_of: returns the partner whose data of a project a caller may act on; raises
            ProblemError.
        now: the clock, with an offset.
        new_id: returns a fresh id, in the order of time.
    """

    statements: StatementRunner
    receipts: Receipts
    keys: PseudonymKeys
    partner_of: Callable[[Caller, str], Awaitable[str]]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
