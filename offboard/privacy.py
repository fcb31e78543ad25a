"""Sends an operator's requests to the privacy function of a cell."""

from typing import Any

import httpx
import msgspec

from verify.identity import Headers

REQUEST_SECONDS = 600
"""The time limit of a request in seconds. It is longer than the function's own time limit, so that
the function ends a slow request."""


class NoAnswer(Exception):
    """The function did not return the state of the offboarding; the message says why.

    Args:
        reason: a short text, such as the HTTP status.
        passes: whether a later request may succeed.
    """

    def __init__(self, reason: str, *, passes: bool) -> None:
        super().__init__(reason)
        self.passes = passes


def order(
    client: httpx.Client, url: str, headers: Headers, partner: str, confirm: str = ""
) -> dict[str, Any]:
    """Order, confirm or continue an offboarding; return the function's answer.

    Args:
        client: sends the request.
        url: the URL of the privacy function.
        headers: returns the headers that identify the operator.
        partner: the name of the partner.
        confirm: the code that confirms the offboarding; empty to send no code.

    Raises:
        NoAnswer: the function refused the request, or its answer has no state.
        NotSignedIn: the operator cannot be identified.
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
    # The function's own 404 has a state. The 404 of a wrong URL has none.
    if answer.status_code in {200, 202, 404} and "state" in said:
        return said
    reason = str(said.get("title", ""))
    passes = answer.status_code in {429, 502, 503, 504}
    raise NoAnswer(f"HTTP {answer.status_code} {reason}".strip(), passes=passes)
