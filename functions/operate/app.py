"""The operate function: its wiring and its HTTP face; who may call it is IAM's matter.

``POST /replay`` replays spilled or quarantined objects; ``POST /settle`` settles the store; ``POST
/refresh`` brings the rollups up to date. 200: all that the report does not name is done; 503: a
service did not answer, so the scheduler comes again.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.bigquery import open_client
from functions.entry import Handler
from functions.log import Severity, log
from functions.operate.decode import decode
from functions.operate.objects import Objects
from functions.operate.publish import Publisher
from functions.operate.refresh import Refresh
from functions.operate.replay import Replay, Report, Selection
from functions.operate.requests import RefreshRequest, ReplayRequest, SettleRequest
from functions.operate.settings import Settings
from functions.operate.settle import Settle
from functions.operate.statements import Statements
from functions.settings import read
from functions.storage import open_bucket
from functions.warehouse import Warehouse, dataset_name

SECONDS_TO_COME_AGAIN = 60

ROUTES = {
    "/health": ("GET", "HEAD"),
    "/replay": ("POST",),
    "/settle": ("POST",),
    "/refresh": ("POST",),
}


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
    publisher = Publisher(
        settings.pubsub_endpoint, settings.events_topic, settings.publish_deadline_seconds
    )
    replay = Replay(
        objects, publisher.publish, decode, clock=time.monotonic, seconds=settings.replay_seconds
    )
    statements = _statements(settings)
    now = partial(datetime.now, UTC)
    settle = Settle(statements, now=now, clock=time.monotonic, seconds=settings.settle_seconds)
    refresh = Refresh(
        statements,
        now=now,
        clock=time.monotonic,
        seconds=settings.refresh_seconds,
        retention_days=settings.retention_days,
    )
    return partial(answer, replay, settle, refresh)


def _statements(settings: Settings) -> Statements:
    warehouse = Warehouse(
        dataset_name(settings.store_dataset),
        dataset_name(settings.bi_dataset),
        retention_days=settings.retention_days,
    )
    return Statements(
        partial(open_client, settings.bigquery_endpoint, settings.gcp_project, settings.location),
        warehouse.variables(),
        seconds=settings.statement_seconds,
    )


async def answer(replay: Replay, settle: Settle, refresh: Refresh, request: Request) -> Response:
    """Answer a request."""
    allowed = ROUTES.get(request.url.path)
    if allowed is None:
        return _problem(404, "Not found")
    if request.method not in allowed:
        return _problem(405, "Method not allowed", {"Allow": ", ".join(allowed)})
    if request.url.path == "/health":
        return JSONResponse({"status": "ok"})
    return await _run(replay, settle, refresh, request)


async def _run(replay: Replay, settle: Settle, refresh: Refresh, request: Request) -> Response:
    body = await request.body() or b"{}"
    try:
        match request.url.path:
            case "/settle":
                return await _answer_settle(settle, msgspec.json.decode(body, type=SettleRequest))
            case "/refresh":
                asked = msgspec.json.decode(body, type=RefreshRequest)
                return await _answer_refresh(refresh, asked)
            case _:
                return await _answer_replay(replay, msgspec.json.decode(body, type=ReplayRequest))
    except msgspec.DecodeError as error:
        return _problem(400, f"Not a {request.url.path[1:]} request: {error}")


async def _answer_replay(replay: Replay, asked: ReplayRequest) -> Response:
    report = await replay.run(Selection(asked.prefix, asked.start, asked.end, asked.dry_run))
    return _report(report, dry_run=asked.dry_run)


async def _answer_settle(settle: Settle, asked: SettleRequest) -> Response:
    report = asdict(await settle.run(asked.days))
    report["days"].sort()
    log("WARNING" if report["failed"] else "INFO", "settled", **report)
    return _finished(report)


async def _answer_refresh(refresh: Refresh, asked: RefreshRequest) -> Response:
    report = asdict(await refresh.run(asked.first, asked.last))
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
    if not dry_run and (report.objects or report.failed or report.unavailable):
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
