"""Checks the webhooks of a cell from outside: URLs answer, and a wrong token is refused.

A finding never quotes a URL, because the URL contains the token.
"""

import secrets
from collections.abc import Iterator

import httpx

from verify.deployment import OWN_TOKEN, Cell
from verify.finding import Finding

EVENT = "warehouse_verification"
"""The name of the tagged event. The catalogue does not have this name, and the event has no user.
So no metric of people counts the event. Queries that count events can exclude it by this name."""

TIMEOUT_SECONDS = 30


class NotAccepted(Exception):
    """`receive` did not accept an event; the message says why."""


class Signed(Exception):
    """`receive` requires a signature, which only the chat product can make."""


def check_urls(client: httpx.Client, cell: Cell) -> Iterator[Finding]:
    """Send a GET to each webhook URL, to check that it accepts its token. A GET stores nothing."""
    for partner, tokens in cell.webhooks.items():
        for token, urls in tokens.items():
            for kind, url in (("events", urls.events), ("rooms", urls.rooms)):
                finding = Finding(cell.name, "the webhook answers", f"{kind} of {partner}", "holds")
                if OWN_TOKEN in url:
                    detail = "the partner made its own token; give it with --tokens"
                    yield finding._replace(state="not checked", detail=detail)
                    continue
                fault = _fault(client, "GET", url, 200)
                detail = fault or f"accepts token {token}"
                yield finding._replace(state="fails" if fault else "holds", detail=detail)


def check_wrong_token(client: httpx.Client, cell: Cell) -> Finding:
    """Send a webhook with a random token, which the cell must refuse."""
    finding = Finding(cell.name, "a wrong token is refused", "receive", "not checked", "no URL")
    for tokens in cell.webhooks.values():
        for urls in tokens.values():
            url = urls.events.rsplit("/", 1)[0] + "/" + secrets.token_urlsafe(30)
            fault = _fault(client, "POST", url, 401)
            return finding._replace(state="fails" if fault else "holds", detail=fault or "HTTP 401")
    return finding


def sender(cell: Cell) -> tuple[str, str, str] | None:
    """Return a partner, one of its projects, and its URL for events; None if no token is known."""
    for partner, tokens in cell.webhooks.items():
        for urls in tokens.values():
            if OWN_TOKEN not in urls.events and cell.projects.get(partner):
                return partner, cell.projects[partner][0], urls.events
    return None


def send(client: httpx.Client, url: str, body: dict[str, object]) -> str:
    """Send one event and return its ingest id.

    Raises:
        NotAccepted: the answer is not 200, or no answer came.
        Signed: the partner's webhooks must be signed.
    """
    try:
        answer = client.post(url, json=body, timeout=TIMEOUT_SECONDS)
        if _describe(answer) == "HTTP 401 signature_invalid":
            raise Signed
        if answer.status_code != 200:
            raise NotAccepted(_describe(answer))
        ingest_id: str = answer.json()["results"][0]["ingest_id"]
    except httpx.HTTPError as error:
        raise NotAccepted(type(error).__name__) from None  # the error's request has the URL
    except (ValueError, LookupError, TypeError):
        raise NotAccepted("HTTP 200, but no ingest id: is this the receiver?") from None
    return ingest_id


def _fault(client: httpx.Client, method: str, url: str, status: int) -> str:
    body = {"verify": "wrong token"} if method == "POST" else None
    try:
        answer = client.request(method, url, json=body, timeout=TIMEOUT_SECONDS)
    except httpx.HTTPError as error:
        return type(error).__name__
    return "" if answer.status_code == status else _describe(answer)


def _describe(answer: httpx.Response) -> str:
    """Return the status, and the reason code in the problem details (RFC 9457)."""
    try:
        reason = str(answer.json().get("reason", ""))
    except (ValueError, AttributeError):
        reason = ""
    return f"HTTP {answer.status_code} {reason}".strip()
