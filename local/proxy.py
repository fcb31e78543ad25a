"""The stand-in for ``gcloud run services proxy`` and Cloud Run's front end behind it.

It passes requests on to a private function with the identity token of one person, as Cloud Run
hands a token to a function once it has verified it: without its signature. Run as ``python -m
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
"""Headers of one connection (RFC 9110, 7.6.1)."""

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def application(to: str, email: str) -> Starlette:
    """Return the proxy of a function for a person.

    Args:
        to: the function's address.
        email: the person's.
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
    """Return whether a caller named this machine.

    A page of another site could let the name of its own server mean this machine (DNS rebinding).
    Then a browser would let the page read the answers, but it would send the page's name in Host.
    """
    return all(LOCAL.fullmatch(host) for host in headers.getlist("host") or [""])


def _target(scope: Scope) -> bytes:
    """Return the path and the query of a request as sent; Starlette's URL also depends on Host."""
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
"""The request headers that are passed on; not the caller's own Authorization."""


@click.command()
@click.option("--port", type=int, required=True, help="The port on 127.0.0.1.")
@click.option("--to", required=True, help="The function's address.")
@click.option("--email", required=True, help="The caller's e-mail address.")
def main(port: int, to: str, email: str) -> None:
    """Serve until SIGTERM."""
    uvicorn.run(application(to, email), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
