"""Wires the load function and answers its requests.

``POST /`` takes a push. The answer is 400 if the body is not a push. It is 204 if the event is
stored, quarantined, or dropped because its partner is closed. Otherwise it is 503, so that Pub/Sub
delivers the event again.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uuid_utils
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.events.catalogue import load_catalogue
from functions.google.grpc_channel import open_channel
from functions.google.storage import Bucket
from functions.load.append import TableAppender
from functions.load.delivery_filter import DeliveryFilter
from functions.load.fit import Fit
from functions.load.late import LateDays
from functions.load.loader import Loader, NotStored
from functions.load.people import KnownPeople
from functions.load.protobuf import RowEncoder, load_schema
from functions.load.row import RowBuilder
from functions.load.settings import Settings
from functions.load.table import TableWriter
from functions.load.tally import LoadTally
from functions.observe.tally import Paced
from functions.retained.quarantine import Quarantine
from functions.secrets.closed_partners import ClosedFile
from functions.secrets.pseudonym_keys import load_keys
from functions.web.batching import QueueFull
from functions.web.environment import read
from functions.web.intake import BodyIncomplete, Intake
from functions.web.problem import problem
from functions.web.push import NotAPush, parse_push
from functions.web.routes import Route, application
from functions.web.server import Ready

_STORED = Ready(204, ())
"""The answer to nearly every delivery."""

TABLES = Path(__file__).parents[2] / "sql" / "store"


def create(environ: Mapping[str, str]) -> ASGIApp:
    """Create the application of the load function; call this inside the running event loop.

    Raises:
        ValueError: a setting, a pseudonym key or the catalogue is malformed.
        OSError: a file with a key, the catalogue or a schema cannot be read.
    """
    settings = read(Settings, environ)
    bucket = Bucket(settings.storage_endpoint, settings.gcp_project, settings.bucket)
    tally = LoadTally()
    paced = Paced(tally.write)
    paced.finish_at_sigterm()
    loader = Loader(
        builder=RowBuilder(load_catalogue(), load_keys(settings.pseudonym_keys)),
        store_event=_table(settings, "events_v1", {"delivery_id": new_id}).store,
        store_room_event=_table(settings, "room_events_v1", {"delivery_id": new_id}).store,
        store_identity=_table(settings, "identities_v1", {}).store,
        known=KnownPeople(settings.known_people),
        late_days=LateDays(_table(settings, "late_days_v1", {}).store),
        keep=Quarantine(bucket).keep,
        now=partial(datetime.now, UTC),
        new_id=new_id,
        tally=tally,
    )
    closed = ClosedFile(
        settings.closed_file,
        refresh_seconds=settings.closed_refresh_seconds,
        keep_seconds=settings.closed_keep_seconds,
    )
    delivery_filter = DeliveryFilter(closed.current, loader.load, tally)
    intake = Intake(settings.max_waiting_bytes)
    return serve(partial(answer, delivery_filter, intake, tally, paced))


def new_id() -> str:
    """Return a new id, a UUIDv7."""
    return str(uuid_utils.uuid7())


def serve(answer_push: Callable[[Receive], Awaitable[Response]]) -> ASGIApp:
    """Return the application of the load function.

    It answers pushes directly, and everything else through the router. The router would add 9
    microseconds of processor time to the 16 that a push takes. The router still has the route of
    pushes, so that it answers other methods with 405 and ``Allow: POST``.

    Args:
        answer_push: answers a push, given the ASGI `receive` of its request.
    """

    async def answer_routed(request: Request) -> Response:
        return await answer_push(request.receive)

    others = application([Route("POST", "/", answer_routed)])

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "POST":
            await others(scope, receive, send)
            return
        response = await answer_push(receive)
        await response(scope, receive, send)

    return served


async def answer(
    delivery_filter: DeliveryFilter,
    intake: Intake,
    tally: LoadTally,
    paced: Paced,
    receive: Receive,
) -> Response:
    """Answer a push.

    The status is 204 if the event is stored, quarantined or dropped, 400 if the request is not a
    push, and 503 if Pub/Sub should deliver the event again.
    """
    body = b""
    try:
        body = await intake.read(receive)
        await delivery_filter.load(parse_push(body).message)
    except (NotAPush, BodyIncomplete):
        return problem(400, "Not a Pub/Sub push")
    except QueueFull:
        tally.counts.refused["queue_full"] += 1
        return problem(503, "Not stored: queue_full")
    except NotStored as failure:
        return problem(503, f"Not stored: {failure.reason}")
    finally:
        intake.release(body)
        paced.write_when_due()
    return _STORED


def _table(settings: Settings, name: str, renewed: Mapping[str, Callable[[], str]]) -> TableWriter:
    """Create a table's writer. Before it sends a row again, it renews the columns in `renewed`."""
    encoder = RowEncoder(load_schema(TABLES / f"{name}.json"))
    appender = TableAppender(
        partial(open_channel, settings.bigquery_write_endpoint),
        f"{settings.store_dataset}/tables/{name}",
        Fit(encoder),
        deadline=settings.append_deadline_seconds,
        renew=lambda row: encoder.override(
            row, {column: make() for column, make in renewed.items()}
        ),
    )
    return TableWriter(
        name,
        encoder,
        appender.append,
        max_rows=settings.max_batch_rows,
        max_row_bytes=settings.max_row_bytes,
        max_in_flight=settings.max_in_flight_appends,
        max_waiting=settings.max_waiting_rows,
        spacing=settings.append_spacing_seconds,
    )
