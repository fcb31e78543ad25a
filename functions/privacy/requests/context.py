"""The context: the objects that all operations of the privacy function share."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from functions.privacy.records.receipts import Receipts
from functions.privacy.requests.caller import Caller
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.ledger import Ledger
from functions.warehouse.statements import Statements


class Context(NamedTuple):
    """The objects that all operations of the privacy function share.

    Attributes:
        statements: runs the statements of ``sql/privacy``.
        ledger: records finished runs of jobs, and notes the days that jobs must look at again.
        receipts: stores a receipt for each operation.
        keys: the cell's pseudonym keys.
        partner_of: returns the name of a project's partner. It raises ProblemError if the caller
            may not act on the project, or if no partner or several partners have data of it here.
        now: returns the current time (timezone-aware).
        new_id: returns a new id; ids sort by time.
    """

    statements: Statements
    ledger: Ledger
    receipts: Receipts
    keys: PseudonymKeys
    partner_of: Callable[[Caller, str], Awaitable[str]]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
