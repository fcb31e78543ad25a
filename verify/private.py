"""Checks that private functions answer the operator, and that IAM refuses all other callers."""

from collections.abc import Iterator

import httpx

from verify.deployment import Cell
from verify.finding import Finding
from verify.identity import Headers, NotSignedIn

ANSWERS = "the function answers"
REFUSES = "a stranger is kept out"
TIMEOUT_SECONDS = 60
"""The time limit of a request in seconds. It is long, because a cold start takes seconds."""


def check_functions(client: httpx.Client, cell: Cell, headers: Headers) -> Iterator[Finding]:
    """Call ``/health`` of each private function, with the operator's identity and without one.

    A stand-in (``http://``) has no front end that checks identities, so it gets no request without
    an identity.

    Args:
        client: sends the requests.
        cell: the cell of the functions.
        headers: returns the headers that identify the operator to a function.
    """
    for name, url in sorted(cell.calls.functions.items()):
        if url.startswith("https://"):
            yield _stranger(client, Finding(cell.name, REFUSES, name, "holds"), url)
        finding = Finding(cell.name, ANSWERS, name, "holds")
        try:
            said = _get(client, url, headers(url))
        except NotSignedIn as error:
            yield finding._replace(state="not checked", detail=str(error))
            continue
        if said in {"HTTP 401", "HTTP 403"}:
            yield finding._replace(state="not checked", detail=f"{said}: you may not call this")
        else:
            yield finding._replace(state="holds" if said == "HTTP 200" else "fails", detail=said)


def _stranger(client: httpx.Client, finding: Finding, url: str) -> Finding:
    said = _get(client, url, {})
    if said in {"HTTP 401", "HTTP 403"}:
        return finding._replace(detail=said)
    reached = said.startswith("HTTP")
    return finding._replace(state="fails" if reached else "not checked", detail=said)


def _get(client: httpx.Client, url: str, headers: dict[str, str]) -> str:
    try:
        answer = client.get(f"{url}/health", headers=headers, timeout=TIMEOUT_SECONDS)
    except httpx.HTTPError as error:
        return type(error).__name__
    return f"HTTP {answer.status_code}"
