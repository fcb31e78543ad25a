"""The privacy function of one cell, as an operator calls it."""

from typing import Any

import httpx
import msgspec

from verify.identity import Headers

REQUEST_SECONDS = 600
"""More than the function's time-out: it is the one that ends a request."""


class NoAnswer(Exception):
    """The function did not say how far it is; the message says why.

    Args:
        reason: in a few words.
        passes: whether it may answer later.
    """

    def __init__(self, reason: str, *, passes: bool) -> None:
        super().__init__(reason)
        self.passes = passes


def order(
    client: httpx.Client, url: str, headers: Headers, partner: str, confirm: str = ""
) -> dict[str, Any]:
    """Ask for an offboarding, or how far it is; return what the function said.

    Args:
        client: sends the request.
        url: the function's.
        headers: tell who asks.
        partner: its name.
        confirm: the code that confirms it.

    Raises:
        NoAnswer: it is refused, or not known.
        NotSignedIn: nobody says who asks.
    """
    body = {"partner": partner} | ({"confirm": confirm} if confirm else {})
    try:
        answer = client.post(
            f"{url}/offboardings", json=body, headers=headers(url), timeout=REQUEST_SECONDS
        )
    except httpx.HTTPError as error:
        raise NoAnswer(type(error).__name__, passes=True) from error
    try:
        said = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:
        said = {}
    # A state is what tells the function's own 404 from that of a wrong address.
    if answer.status_code in {200, 202, 404} and "state" in said:
        return said
    reason = str(said.get("title", ""))
    passes = answer.status_code in {429, 502, 503, 504}
    raise NoAnswer(f"HTTP {answer.status_code} {reason}".strip(), passes=passes)
