"""The routes of erasures, of deletions in the chat and of legal holds."""

from collections.abc import Awaitable, Callable

from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.privacy.erasures.deletions import Deletions
from functions.privacy.erasures.endpoint import Erasures, Sweep
from functions.privacy.erasures.filing import Filing
from functions.privacy.erasures.preview import Preview
from functions.privacy.erasures.restoration import Restoring
from functions.privacy.erasures.stream import Stream
from functions.privacy.erasures.unfiled import Unfiled
from functions.privacy.holds import Holds
from functions.privacy.records.erasure_log import Register
from functions.privacy.requests.context import Surroundings
from functions.privacy.requests.router import Route
from functions.secrets.closed_partners import ClosedList


def erasure_routes(
    given: Surroundings, sweep: Sweep, closed: Callable[[], Awaitable[ClosedList]]
) -> list[Route]:
    """Return the routes.

    Args:
        given: what they work with.
        sweep: executes what has no grace period.
        closed: returns the list of partners who have left.
    """
    statements, receipts, keys, partner_of, now, new_id = given
    register = Register(statements, now)
    erasures = Erasures(
        partner_of,
        Filing(given),
        Preview(statements, keys, now),
        register,
        Restoring(statements, register, receipts, now),
        sweep,
    )
    layouts = Layouts(load_catalogue())
    deletions = Deletions(statements, receipts, now=now, new_id=new_id)
    stream = Stream(deletions, keys, layouts, closed=closed)
    unfiled = Unfiled(statements, deletions, keys, closed=closed, now=now)
    holds = Holds(given)
    return [
        Route("POST", "/erasures", erasures.file),
        Route("GET", "/erasures", erasures.list_all),
        Route("GET", "/erasures/{id}", erasures.show),
        Route("DELETE", "/erasures/{id}", erasures.restore),
        Route("POST", "/stream", stream.take),
        Route("POST", "/unfiled", unfiled.post),
        Route("POST", "/holds", holds.file),
        Route("GET", "/holds", holds.list_all),
        Route("DELETE", "/holds/{id}", holds.release),
    ]
