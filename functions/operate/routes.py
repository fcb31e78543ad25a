"""The HTTP endpoints of the operate function. IAM decides who may call it.

``POST /replay`` replays spilled or quarantined objects, or dead letters; ``POST /settle`` settles
the store; ``POST /refresh`` updates the rollups. 200 means that everything is done except what the
report names. 503 means that a service did not answer; the scheduler calls again.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.observe.log import Severity, log
from functions.operate.dead_letters import DeadLetterReplay
from functions.operate.refresh import Refresh
from functions.operate.replay import Replay, ReplayReport, Selection
from functions.operate.settle import Settle
from functions.retained import spill
from functions.web.problem import problem

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

    def __post_init__(self) -> None:  # noqa: D105 - msgspec's hook for what types do not say
        if self.source == "dead_letters" and (self.prefix or self.start or self.end):
            raise ValueError("dead letters have neither `prefix` nor `from` nor `to`")


class SettleRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST /settle``; an empty one settles the open window.

    Attributes:
        days: UTC days on which a replay brought events, as it reported them.
    """

    days: list[date] = []


class RefreshRequest(
    msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}
):
    """The body of ``POST /refresh``; an empty one refreshes all that is not up to date.

    Attributes:
        first: the first UTC day; ``from`` in the body.
        last: the last UTC day; ``to`` in the body.
    """

    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:  # noqa: D105 - msgspec's hook for what types do not say
        if self.first and self.last and self.first > self.last:
            raise ValueError("`from` is after `to`")


SECONDS_TO_COME_AGAIN = 60

ROUTES = {
    "/health": ("GET", "HEAD"),
    "/replay": ("POST",),
    "/settle": ("POST",),
    "/refresh": ("POST",),
}


class Operations(NamedTuple):
    """What can be asked for."""

    replay: Replay
    dead_letters: DeadLetterReplay
    settle: Settle
    refresh: Refresh


async def answer(operations: Operations, request: Request) -> Response:
    """Answer a request."""
    path = request.scope["path"]
    allowed = ROUTES.get(path)
    if allowed is None:
        return problem(404, "Not found")
    if request.method not in allowed:
        return problem(405, "Method not allowed", {"Allow": ", ".join(allowed)})
    if path == "/health":
        return JSONResponse({"status": "ok"})
    try:
        return await _run(operations, path, await request.body() or b"{}")
    except msgspec.DecodeError as error:
        return problem(400, f"Not a {path[1:]} request: {error}")


async def _run(operations: Operations, path: str, body: bytes) -> Response:
    match path:
        case "/settle":
            settling = msgspec.json.decode(body, type=SettleRequest)
            return await _answer_settle(operations.settle, settling)
        case "/refresh":
            refreshing = msgspec.json.decode(body, type=RefreshRequest)
            return await _answer_refresh(operations.refresh, refreshing)
        case _:
            replaying = msgspec.json.decode(body, type=ReplayRequest)
            return await _answer_replay(operations, replaying)


async def _answer_replay(operations: Operations, request: ReplayRequest) -> Response:
    if request.source == "dead_letters":
        report = await operations.dead_letters.run(dry_run=request.dry_run)
    else:
        selection = Selection(
            request.prefix or spill.PREFIX, request.start, request.end, request.dry_run
        )
        report = await operations.replay.run(selection)
    return _report(report, dry_run=request.dry_run)


async def _answer_settle(settle: Settle, request: SettleRequest) -> Response:
    report = asdict(await settle.run(request.days))
    report["days"].sort()
    log("WARNING" if report["failed"] else "INFO", "settled", **report)
    return _finished(report)


async def _answer_refresh(refresh: Refresh, request: RefreshRequest) -> Response:
    report = asdict(await refresh.run(request.first, request.last))
    report["remaining"] = [
        {"from": stretch.first.isoformat(), "to": stretch.last.isoformat()}
        for stretch in report["remaining"]
    ]
    log("WARNING" if report["failed"] else "INFO", "refreshed", **report)
    return _finished(report)


def _finished(report: Mapping[str, Any]) -> Response:
    """Answer with the report of statements, one of which may have failed."""
    if report["failed"]:
        title = f"Not finished: {report['failed']}"
        return problem(503, title, {"Retry-After": str(SECONDS_TO_COME_AGAIN)}, report)
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
        title = f"Not finished: {report.unavailable}"
        return problem(503, title, {"Retry-After": str(SECONDS_TO_COME_AGAIN)}, body)
    return JSONResponse(body)
