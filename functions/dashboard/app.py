"""Wires the function `dashboard`, and answers its requests.

IAM decides who may call the function. The viewers secret lists the projects that each person may
see.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from functions.dashboard.answers import Answers, failure, guarded
from functions.dashboard.assets import Assets
from functions.dashboard.identity import (
    Identify,
    IdentityAwareProxy,
    KeysUnavailable,
    verify_assertion,
)
from functions.dashboard.operate import Operate, RefreshFailed
from functions.dashboard.page import Page
from functions.dashboard.report import Report, Window, monday, report, today
from functions.dashboard.rollups import QueriesFailed, Rollups
from functions.dashboard.settings import Settings
from functions.dashboard.tables import TABLES, as_csv
from functions.secrets.permissions import Permissions, PermissionsUnavailable, read_permissions
from functions.warehouse.client import open_client
from functions.warehouse.schema import Warehouse, dataset_name
from functions.warehouse.statements import Limits, Statements
from functions.web.caller import Unidentified, invoker
from functions.web.environment import read
from functions.web.problem import ProblemError, retry_later
from functions.web.routes import Route, application


def create(environ: Mapping[str, str]) -> ASGIApp:
    """Create the ASGI application of `dashboard`.

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
    return dashboard.application()


class Dashboard:
    """Answers the requests of the dashboard.

    Args:
        identify: returns the e-mail address of the person who sent a request; may block.
        viewers: returns the permissions of all viewers; may block.
        rollups: reads the rollups.
        operate: calls `operate` to refresh the rollups.
        now: returns the current time, with a time zone.
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

    def application(self) -> ASGIApp:
        """Return the ASGI application that serves all routes."""
        routes = [*self.routes(), *self._assets.routes()]
        return guarded(application(routes, {ProblemError: self._answers.explain}))

    def routes(self) -> list[Route[Request]]:
        """Return all routes except those of the style sheet and the scripts."""
        return [
            Route("GET", "/", self._show_page),
            Route("GET", "/data", self._show_data),
            *(Route("GET", f"/csv/{name}.csv", partial(self._show_csv, name)) for name in TABLES),
            Route("POST", "/refresh", self._refresh),
        ]

    async def _admit(self, request: Request) -> tuple[str, list[str]]:
        """Return the viewer's e-mail address and projects. Answer 403 if there are no projects."""
        email, projects = await asyncio.to_thread(self._identify_viewer, request)
        if not projects:
            raise failure(
                403,
                "You have no projects here",
                f"You are signed in as {email}. Ask the operator of this cell to add that "
                "address to the viewers of your projects.",
            )
        return email, projects

    def _identify_viewer(self, request: Request) -> tuple[str, list[str]]:
        try:
            email = self._identify(request.headers)
            return email, self._viewers().projects_of(email)
        except Unidentified as unidentified:
            raise failure(
                403,
                "You are not signed in",
                f"{unidentified} Open the dashboard through Identity-Aware Proxy or “gcloud run "
                "services proxy”. Ask the operator which of the two to use.",
            ) from None
        except PermissionsUnavailable:
            raise _later("The list of permissions cannot be read at the moment") from None
        except KeysUnavailable:
            raise _later("Your sign-in cannot be checked at the moment") from None

    async def _show_page(self, request: Request) -> Response:
        email, projects = await self._admit(request)
        shown = await self._report(request, projects)
        return HTMLResponse(self._page.report(shown, projects, email))

    async def _show_data(self, request: Request) -> Response:
        _, projects = await self._admit(request)
        shown = await self._report(request, projects)
        return Response(msgspec.json.encode(shown), media_type="application/json")

    async def _show_csv(self, name: str, request: Request) -> Response:
        _, projects = await self._admit(request)
        shown = await self._report(request, projects)
        file = f"{name}-{shown.project}-{shown.first}-{shown.last}.csv"
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
        await self._admit(request)
        if not _is_from_here(request.headers):
            raise failure(403, "Request from another site", "Press Refresh on the dashboard.")
        try:
            await asyncio.to_thread(self._operate.refresh)
        except RefreshFailed:
            raise _later("The numbers could not be brought up to date") from None
        if "text/html" in request.headers.get("accept", ""):
            # A relative address: `request.url` contains the header Host, which callers choose.
            return RedirectResponse(f"/?{request.scope['query_string'].decode('latin-1')}", 303)
        return JSONResponse({"refreshed": True})


def _is_from_here(headers: Headers) -> bool:
    """Return whether a request comes from a page of this dashboard, or from no page at all.

    A page of another site could make the browser send a request with the person's cookies. In the
    header `Sec-Fetch-Site`, browsers say whether the page belongs to another site. Old browsers do
    not send this header, but name the page's site in `Origin`. Programs send neither header.
    """
    sites = headers.getlist("sec-fetch-site")
    if sites:
        return set(sites) == {"same-origin"}
    host = headers.get("host", "")
    return set(headers.getlist("origin")) <= {f"https://{host}", f"http://{host}"}


def _chosen(request: Request, projects: list[str]) -> tuple[str, Window]:
    project = request.query_params.get("project", projects[0])
    if project not in projects:
        raise failure(403, "You may not see this project", f"You may see: {', '.join(projects)}.")
    window = request.query_params.get("window", Window.DAYS_90)
    if window not in set(Window):
        raise failure(400, "Unknown window", f"`window` must be one of {', '.join(Window)}.")
    return project, Window(window)


def _later(title: str) -> ProblemError:
    return retry_later(title, {"detail": "Please try again in a minute."})
