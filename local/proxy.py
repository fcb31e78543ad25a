"""The stand-in for ``gcloud run services proxy`` and Cloud Run's front end behind it.

It passes requests on to a private function with the identity token of one person, as Cloud Run
hands a token to a function once it has verified it: without its signature. Run as ``python -m
local.proxy --port 8608 --to http://127.0.0.1:8607 --email you@demo.example``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

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
        headers = [(name, value) for name, value in request.headers.items() if name in PASSED]
        headers.append(("authorization", f"Bearer {identity_token(email)}"))
        sent = client.build_request(
            request.method,
            httpx.URL(path=request.url.path, query=request.url.query.encode()),
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
