"""The HTTP endpoints of the function `operate`. IAM decides who may call them.

``POST /replay`` replays spilled or quarantined objects, or dead letters; ``POST /settle`` settles
the store; ``POST /refresh`` refreshes active days and rollups. The answer is 200 with a report of
the finished and the remaining work. The answer is 400 if the body is malformed, and 503 if a
service did not answer or a statement failed. After a 503, the scheduler calls again.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.observe.log import Severity, log
from functions.operate.dead_letters import DeadLetterReplay
from functions.operate.refresh import Refresh
from functions.operate.replay import Replay, ReplayReport, Selection
from functions.operate.settle import Settle
from functions.retained import spill
from functions.web.body import read_body
from functions.web.malformed import MALFORMED, describe
from functions.web.problem import ProblemError, retry_later
from functions.web.routes import Route

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Body = TypeVar("Body", bound=msgspec.Struct)

MAX_BODY_BYTES = 2**20
"""The maximum size of a body."""

MOST_DAYS = 4_000
"""The maximum number of days in a request. BigQuery accepts streamed rows for fewer days."""


class ReplayRequest(
    msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}
):
    """The body of ``POST /replay``; an empty body replays the whole spill.

    Attributes:
        source: ``bucket`` or ``dead_letters``; `prefix`, `start` and `end` are only for ``bucket``.
        prefix: the prefix of the names of the objects to replay; None for the whole spill.
        start: replay only objects that were written at this time or later, ISO 8601 with an offset;
            ``from`` in the body.
        end: replay only objects that were written before this time; ``to`` in the body.
        dry_run: whether to only report what would be replayed.
    """

    source: Literal["bucket", "dead_letters"] = "bucket"
    prefix: Annotated[str, msgspec.Meta(pattern="^(spill|quarantine)/")] | None = None
    start: Moment | None = None
    end: Moment | None = None
    dry_run: bool = False

    def __post_init__(self) -> None:  # noqa: D105 - msgspec's hook for further checks
        if self.source == "dead_letters" and (self.prefix or self.start or self.end):
            raise ValueError("with dead_letters, leave out `prefix`, `from` and `to`")


class SettleRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST /settle``, which settles each day with new rows.

    Attributes:
        days: further UTC days to settle, such as the days that a replay reported; at most
            `MOST_DAYS`.
    """

    days: Annotated[list[date], msgspec.Meta(max_length=MOST_DAYS)] = []


class RefreshRequest(
    msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}
):
    """The body of ``POST /refresh``; an empty body refreshes every day that is not up to date.

    Attributes:
        first: the first UTC day; if only `last` is given, the first day of the open window.
            ``from`` in the body.
        last: the last UTC day; if only `first` is given, today. ``to`` in the body.
    """

    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:  # noqa: D105 - msgspec's hook for further checks
        if self.first and self.last and self.first > self.last:
            raise ValueError("`from` must not be after `to`")


class Operations(NamedTuple):
    """The objects that carry out the operations of this function."""

    replay: Replay
    dead_letters: DeadLetterReplay
    settle: Settle
    refresh: Refresh


def routes(operations: Operations) -> list[Route[Request]]:
    """Return the routes of the operations."""
    return [
        Route("POST", "/replay", partial(_replay, operations)),
        Route("POST", "/settle", partial(_settle, operations.settle)),
        Route("POST", "/refresh", partial(_refresh, operations.refresh)),
    ]


async def _replay(operations: Operations, request: Request) -> Response:
    wanted = await _read(request, ReplayRequest)
    if wanted.source == "dead_letters":
        report = await operations.dead_letters.run(dry_run=wanted.dry_run)
    else:
        selection = Selection(
            wanted.prefix or spill.PREFIX, wanted.start, wanted.end, wanted.dry_run
        )
        report = await operations.replay.run(selection)
    return _report(report, dry_run=wanted.dry_run)


async def _settle(settle: Settle, request: Request) -> Response:
    wanted = await _read(request, SettleRequest)
    report = asdict(await settle.run(wanted.days))
    report["days"].sort()
    log("WARNING" if report["failed"] else "INFO", "settled", **report)
    return _finished(report)


async def _refresh(refresh: Refresh, request: Request) -> Response:
    wanted = await _read(request, RefreshRequest)
    report = asdict(await refresh.run(wanted.first, wanted.last))
    report["remaining"] = [
        {"from": stretch.first.isoformat(), "to": stretch.last.isoformat()}
        for stretch in report["remaining"]
    ]
    log("WARNING" if report["failed"] else "INFO", "refreshed", **report)
    return _finished(report)


async def _read(request: Request, form: type[Body]) -> Body:
    """Decode a request's body to the type `form`. An empty body gives the defaults of `form`."""
    body = await read_body(request, MAX_BODY_BYTES) or b"{}"
    try:
        return msgspec.json.decode(body, type=form)
    except MALFORMED as error:
        operation = request.scope["path"].removeprefix("/")
        raise ProblemError(400, f"Not a {operation} request: {describe(error)}") from None


def _finished(report: Mapping[str, Any]) -> Response:
    """Return a response with the report of a run. Raise a 503 if one of its statements failed."""
    if report["failed"]:
        raise retry_later(f"Not finished: {report['failed']}", report)
    return JSONResponse(report)


def _report(report: ReplayReport, *, dry_run: bool) -> Response:
    body: dict[str, Any] = {
        "objects": report.objects,
        "events": report.events,
        "days": sorted(report.days),
        "remaining": report.remaining,
        "quarantined": report.quarantined,
        "failed": report.failed,
    }
    if not dry_run and (report.events or report.quarantined or report.failed or report.unavailable):
        counts = body | {"failed": len(report.failed)}
        severity: Severity = "WARNING" if report.failed or report.unavailable else "INFO"
        log(severity, "replayed", unavailable=report.unavailable or None, **counts)
    if report.unavailable:
        raise retry_later(f"Not finished: {report.unavailable}", body)
    return JSONResponse(body)
