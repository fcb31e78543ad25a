"""The dashboard function: its wiring and its HTTP face.

Cloud Run lets in who may come (IAM); which projects a person sees is the viewers' secret's matter.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from functions.dashboard.answers import Answers, PageRefusal, guarded
from functions.dashboard.assets import Assets
from functions.dashboard.identity import (
    Identify,
    IdentityAwareProxy,
    KeysUnavailable,
    verify_assertion,
)
from functions.dashboard.operate import Operate, RefreshFailed
from functions.dashboard.page import Page
from functions.dashboard.report import Report, report, today
from functions.dashboard.rollups import QueriesFailed, Rollups
from functions.dashboard.settings import Settings
from functions.dashboard.tables import TABLES, as_csv
from functions.dashboard.window import Window, monday
from functions.secrets.permissions import Permissions, PermissionsUnavailable, read_permissions
from functions.warehouse.client import open_client
from functions.warehouse.schema import Warehouse, dataset_name
from functions.warehouse.statements import Limits, Statements
from functions.web.caller import Unidentified, invoker
from functions.web.entry import answering
from functions.web.environment import read

SECONDS_TO_COME_AGAIN = 60

ROUTES = {"/": "GET", "/data": "GET", "/refresh": "POST", "/health": "GET"} | {
    f"/csv/{name}.csv": "GET" for name in TABLES
}


def create(environ: Mapping[str, str]) -> ASGIApp:
    """Create the function.

    Raises:
        ValueError: a setting is missing or malformed.
    """
    settings = read(Settings, environ)
    warehouse = Warehouse(dataset_name(settings.store_dataset), dataset_name(settings.bi_dataset))
    statements = Statements(
        "dashboard",
        partial(open_client, settings.bigquery_endpoint, settings.gcp_project, settings.location),
        warehouse.variables(),
        seconds=settings.query_seconds,
        limits=Limits(asyncio.Semaphore(), settings.statement_bytes, stops=True),
    )
    audience = settings.iap_audience
    dashboard = Dashboard(
        identify=IdentityAwareProxy(audience, verify_assertion) if audience else invoker,
        viewers=partial(read_permissions, settings.viewers_file),
        rollups=Rollups(statements),
        operate=Operate(settings.operate_url, settings.refresh_seconds),
        now=partial(datetime.now, UTC),
    )
    return answering(dashboard.answer)


class Dashboard:
    """Answers requests.

    Args:
        identify: tells who asks.
        viewers: tells who may see what; may block.
        rollups: the numbers.
        operate: brings them up to date.
        now: the clock, with an offset.
    """

    def __init__(
        self,
        *,
        identify: Identify,
        viewers: Callable[[], Permissions],
        rollups: Rollups,
        operate: Operate,
        now: Callable[[], datetime],
    ) -> None:
        self._identify = identify
        self._viewers = viewers
        self._rollups = rollups
        self._operate = operate
        self._now = now
        self._assets = Assets()
        self._page = Page(self._assets.paths)
        self._answers = Answers(self._page)

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        try:
            return guarded(await self._answer(request))
        except PageRefusal as refusal:
            return guarded(self._answers.refuse(request, refusal))

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        asset = self._assets.answer(request)
        allowed = "GET" if asset else ROUTES.get(path)
        if allowed is None:
            raise PageRefusal(404, "Not found", "The dashboard is at /.")
        if request.method != allowed and (request.method, allowed) != ("HEAD", "GET"):
            raise PageRefusal(405, "Method not allowed", headers={"Allow": allowed})
        if asset:
            return asset
        if path == "/health":
            return JSONResponse({"status": "ok"})
        email, projects = await asyncio.to_thread(self._admit, request)
        if path == "/refresh":
            return await self._refresh(request)
        return await self._show(request, email, projects)

    def _admit(self, request: Request) -> tuple[str, list[str]]:
        """Return who asks, and the projects that this person may see: one at least."""
        try:
            email = self._identify(request.headers)
            projects = self._viewers().projects_of(email)
        except Unidentified as unidentified:
            raise PageRefusal(
                403,
                "You are not signed in",
                f"{unidentified} Open the dashboard as its operator told you: through "
                "Identity-Aware Proxy, or with “gcloud run services proxy”.",
            ) from None
        except (PermissionsUnavailable, KeysUnavailable):
            raise _later("The list of permissions cannot be read at the moment") from None
        if not projects:
            raise PageRefusal(
                403,
                "There is no project for you here",
                f"You are signed in as {email}. Ask the operator of this cell to add that "
                "address to the viewers of your projects.",
            )
        return email, projects

    async def _show(self, request: Request, email: str, projects: list[str]) -> Response:
        shown = await self._report(request, projects)
        path = request.url.path
        if path == "/data":
            return Response(msgspec.json.encode(shown), media_type="application/json")
        if path == "/":
            return HTMLResponse(self._page.report(shown, projects, email))
        name = path.removeprefix("/csv/").removesuffix(".csv")
        file = f"{name}-{shown.first}-{shown.last}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{file}"'}
        return Response(as_csv(TABLES[name](shown)), headers=headers, media_type="text/csv")

    async def _report(self, request: Request, projects: list[str]) -> Report:
        project, window = _chosen(request, projects)
        last = today(self._now())
        first = window.first(last)
        try:
            rows = await self._rollups.read(project, first, last, monday(first))
        except QueriesFailed:
            raise _later("The numbers cannot be read at the moment") from None
        return report(project, window, last, rows)

    async def _refresh(self, request: Request) -> Response:
        # Another site's page may post here with this person's cookie or through their proxy.
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise PageRefusal(
                403, "Not from another site", "Press Refresh on the dashboard itself."
            )
        try:
            await asyncio.to_thread(self._operate.refresh, today(self._now()))
        except RefreshFailed:
            raise _later("The numbers could not be brought up to date") from None
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(f"/?{request.url.query}", 303)
        return JSONResponse({"refreshed": True})


def _chosen(request: Request, projects: list[str]) -> tuple[str, Window]:
    project = request.query_params.get("project", projects[0])
    if project not in projects:
        raise PageRefusal(403, "Not a project of yours", f"Yours are: {', '.join(projects)}.")
    window = request.query_params.get("window", Window.DAYS_90)
    if window not in set(Window):
        raise PageRefusal(400, "No such window", f"window is one of {', '.join(Window)}.")
    return project, Window(window)


def _later(title: str) -> PageRefusal:
    headers = {"Retry-After": str(SECONDS_TO_COME_AGAIN)}
    return PageRefusal(503, title, "Please try again in a minute.", headers)
