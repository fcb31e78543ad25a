"""The stand-in for ``gcloud run services proxy`` and for Cloud Run's front end behind it.

It passes requests on to a private function, with the identity token of one person. The token has
no signature, because Cloud Run removes it after it has verified the token. Run as ``python -m
local.proxy --port 8608 --to http://127.0.0.1:8607 --email you@demo.example``.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from local.identity_token import identity_token

SECONDS = 320
"""How long a request may take."""

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"}
"""Headers that apply to one connection only (RFC 9110, 7.6.1), so they are not passed on."""

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def application(to: str, email: str) -> Starlette:
    """Return a proxy that calls a function as a person.

    Args:
        to: the URL of the function.
        email: the e-mail address of the person.
    """
    client = httpx.AsyncClient(base_url=to, timeout=SECONDS, trust_env=False)

    async def forward(request: Request) -> Response:
        if not _is_local(request.headers):
            return Response("Call this proxy as 127.0.0.1 or localhost.\n", 421)
        headers = [(name, value) for name, value in request.headers.items() if name in PASSED]
        headers.append(("authorization", f"Bearer {identity_token(email)}"))
        sent = client.build_request(
            request.method,
            client.base_url.copy_with(raw_path=_target(request.scope)),
            headers=headers,
            content=await request.body(),
        )
        answer = await client.send(sent, stream=True)
        try:
            content = b"".join([part async for part in answer.aiter_raw()])
        finally:
            await answer.aclose()
        passed = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        return Response(content, answer.status_code, passed)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    return Starlette(routes=[Route("/{path:path}", forward, methods=METHODS)], lifespan=lifespan)


def _is_local(headers: Headers) -> bool:
    """Return whether the Host header names this machine.

    Another site could make its own name resolve to this machine (DNS rebinding). A browser would
    then let a page of that site read the answers, but would send the site's name in Host.
    """
    return all(LOCAL.fullmatch(host) for host in headers.getlist("host") or [""])


def _target(scope: Scope) -> bytes:
    """Return a request's path and query as sent; Starlette's `request.url` depends on Host."""
    path: bytes = scope["raw_path"]
    return path + b"?" + scope["query_string"] if scope["query_string"] else path


LOCAL = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]+)?")

PASSED = {
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "origin",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "user-agent",
}
"""The request headers that are passed on. Authorization is not, because the proxy sets its own."""


@click.command()
@click.option("--port", type=int, required=True, help="The port on 127.0.0.1.")
@click.option("--to", required=True, help="The function's address.")
@click.option("--email", required=True, help="The caller's e-mail address.")
def main(port: int, to: str, email: str) -> None:
    """Serve until SIGTERM."""
    uvicorn.run(application(to, email), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
