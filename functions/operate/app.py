"""The operate function: its wiring and its HTTP face; who may call it is IAM's matter.

``POST /replay`` replays spilled or quarantined objects, or dead letters; ``POST /settle`` settles
the store. 200: all that the report does not name is done; 503: a service did not answer, so the
scheduler comes again.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions import spill
from functions.acceptance.partners_file import PartnersFile
from functions.bigquery import open_client
from functions.entry import Handler
from functions.grpc_channel import open_channel
from functions.log import Severity, log
from functions.operate.dead_letters import DeadLetters
from functions.operate.decode import Decoder
from functions.operate.objects import Objects
from functions.operate.publish import Publisher
from functions.operate.replay import Replay, Report, Selection
from functions.operate.settings import Settings
from functions.operate.settle import Settle
from functions.operate.statements import Statements
from functions.operate.subscription import Subscription
from functions.settings import read
from functions.storage import open_bucket
from functions.topic import Topic
from functions.warehouse import Warehouse, dataset_name

SECONDS_TO_COME_AGAIN = 60

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ReplayRequest(
    msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}
):
    """The body of ``POST /replay``; an empty one replays the whole spill.

    Attributes:
        source: ``bucket`` or ``dead_letters``; dead letters are replayed all together.
        prefix: what the objects' names start with.
        start: objects written at or after it, ISO 8601 with an offset; ``from`` in the body.
        end: objects written before it; ``to`` in the body.
        dry_run: only report what would be replayed.
    """

    source: Literal["bucket", "dead_letters"] = "bucket"
    prefix: Annotated[str, msgspec.Meta(pattern="^(spill|quarantine)/")] | None = None
    start: Moment | None = None
    end: Moment | None = None
    dry_run: bool = False

    def __post_init__(self) -> None:
        """Refuse a selection of objects where none are replayed.

        Raises:
            ValueError: dead letters are asked for, and a prefix or a bound of time is given.
        """
        if self.source == "dead_letters" and (self.prefix or self.start or self.end):
            raise ValueError("dead letters have neither `prefix` nor `from` nor `to`")


class SettleRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST /settle``; an empty one settles the open window.

    Attributes:
        days: UTC days on which a replay brought events, as it reported them.
    """

    days: list[date] = []


ROUTES = {"/health": ("GET", "HEAD"), "/replay": ("POST",), "/settle": ("POST",)}


def create(environ: Mapping[str, str]) -> Handler:
    """Create the function; call it inside the running event loop.

    Raises:
        ValueError: a setting is missing or malformed.
    """
    settings = read(Settings, environ)
    objects = Objects(
        partial(open_bucket, settings.storage_endpoint, settings.gcp_project, settings.bucket),
        settings.storage_deadline_seconds,
    )
    topic = Topic(partial(open_channel, settings.pubsub_endpoint), settings.events_topic)
    publisher = Publisher(topic, settings.publish_deadline_seconds)
    partners = PartnersFile(settings.partners_file)
    decoder = Decoder(partners.current, settings.cell, settings.max_event_bytes)
    replay = Replay(
        objects,
        publisher.publish,
        decoder.decode,
        clock=time.monotonic,
        seconds=settings.replay_seconds,
    )
    dead_letters = DeadLetters(
        Subscription(settings.pubsub_endpoint, settings.dead_letter_subscription),
        publisher.publish,
        clock=time.monotonic,
        seconds=settings.replay_seconds,
    )
    return partial(answer, replay, dead_letters, _settle(settings))


def _settle(settings: Settings) -> Settle:
    warehouse = Warehouse(dataset_name(settings.store_dataset), dataset_name(settings.bi_dataset))
    statements = Statements(
        partial(open_client, settings.bigquery_endpoint, settings.gcp_project, settings.location),
        warehouse.variables(),
        seconds=settings.statement_seconds,
    )
    return Settle(
        statements,
        now=partial(datetime.now, UTC),
        clock=time.monotonic,
        seconds=settings.settle_seconds,
    )


async def answer(
    replay: Replay, dead_letters: DeadLetters, settle: Settle, request: Request
) -> Response:
    """Answer a request."""
    allowed = ROUTES.get(request.url.path)
    if allowed is None:
        return _problem(404, "Not found")
    if request.method not in allowed:
        return _problem(405, "Method not allowed", {"Allow": ", ".join(allowed)})
    if request.url.path == "/health":
        return JSONResponse({"status": "ok"})
    body = await request.body() or b"{}"
    try:
        if request.url.path == "/settle":
            return await _answer_settle(settle, msgspec.json.decode(body, type=SettleRequest))
        asked = msgspec.json.decode(body, type=ReplayRequest)
    except msgspec.DecodeError as error:
        return _problem(400, f"Not a {request.url.path[1:]} request: {error}")
    if asked.source == "dead_letters":
        report = await dead_letters.run(dry_run=asked.dry_run)
    else:
        selection = Selection(asked.prefix or spill.PREFIX, asked.start, asked.end, asked.dry_run)
        report = await replay.run(selection)
    return _report(report, dry_run=asked.dry_run)


async def _answer_settle(settle: Settle, asked: SettleRequest) -> Response:
    report = asdict(await settle.run(asked.days))
    report["days"].sort()
    log("WARNING" if report["failed"] else "INFO", "settled", **report)
    if report["failed"]:
        title = f"Not finished: {report['failed']}"
        return _problem(503, title, {"Retry-After": str(SECONDS_TO_COME_AGAIN)}, report)
    return JSONResponse(report)


def _report(report: Report, *, dry_run: bool) -> Response:
    body: dict[str, Any] = {
        "objects": report.objects,
        "events": report.events,
        "days": sorted(report.days),
        "remaining": report.remaining,
        "failed": report.failed,
    }
    if not dry_run and (report.events or report.failed or report.unavailable):
        counts = body | {"failed": len(report.failed)}
        severity: Severity = "WARNING" if report.failed or report.unavailable else "INFO"
        log(severity, "replayed", unavailable=report.unavailable or None, **counts)
    if report.unavailable:
        title = f"Not finished: {report.unavailable}"
        return _problem(503, title, {"Retry-After": str(SECONDS_TO_COME_AGAIN)}, body)
    return JSONResponse(body)


def _problem(
    status: int,
    title: str,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    body = {"title": title, "status": status, **(members or {})}
    return JSONResponse(body, status, headers, "application/problem+json")
