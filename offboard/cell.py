"""Offboards a partner from one cell, and waits for the certificate."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from offboard.privacy import NoAnswer, order
from verify.identity import Headers, NotSignedIn

PAUSE_SECONDS = 60.0
"""The seconds between two requests to a cell. The pause is long, because the privacy function
searches all data of the partner at each request."""

State = Literal["nothing", "open", "deleting", "on_hold", "deleted", "failed"]
"""The state of the offboarding in a cell.

- ``nothing``: the cell has no data of the partner.
- ``open``: the cell has shown the data that would be deleted, and waits for a confirmation.
- ``deleting``: the cell has closed the partner, and deletes the data.
- ``on_hold``: the cell has deleted everything except data that a legal hold keeps.
- ``deleted``: the cell has deleted everything.
- ``failed``: the cell refused the request, or gave no answer that this module understands.
"""

ENDS = frozenset({"nothing", "deleted", "on_hold", "failed"})
"""The states after which `Cell.leave` sends no more requests."""

Progress = Callable[[str, str], None]
"""Shows progress to the person who runs the command; takes the cell's name and a short text."""


class Cell:
    """Offboards a partner from one cell, through the cell's privacy function.

    Attributes:
        name: the name of the cell.
        state: the state of the offboarding.
        said: the last answer of the privacy function, decoded from JSON; empty before the first.
        reason: why the last request failed; empty if it succeeded.

    Args:
        name: the name of the cell.
        url: the URL of the cell's privacy function.
        headers: returns the headers that identify the operator.
        partner: the name of the partner to remove.
        progress: shows the progress.
        sleep: waits for a number of seconds.
        now: returns the current time (timezone-aware).
    """

    def __init__(
        self,
        name: str,
        url: str,
        headers: Headers,
        partner: str,
        progress: Progress,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.state: State = "open"
        self.said: dict[str, Any] = {}
        self.reason = ""
        self._url = url
        self._headers = headers
        self._partner = partner
        self._progress = progress
        self._sleep = sleep
        self._now = now
        self._asked_at = now()

    def plan(self, client: httpx.Client) -> None:
        """Ask the cell which data would be deleted.

        If the partner is closed already, the same request continues the offboarding.
        """
        self._ask(client)
        if self.reason:
            self.state = "failed"

    def leave(self, client: httpx.Client, until: float) -> None:
        """Confirm the offboarding, and repeat the request until the cell returns a certificate.

        Args:
            client: sends the requests.
            until: when to stop waiting: a time of `time.monotonic`. After that, the cell continues
                by itself.
        """
        if self.state == "open":
            self._progress(self.name, "closing")
            self._ask(client)
        while self.state not in ENDS:
            pause = self._pause()
            if time.monotonic() + pause > until:
                break
            told = self.reason or self.state
            self._progress(self.name, f"{told}; next request in {pause:.0f} s")
            self._sleep(pause)
            self._ask(client)
        if self.state == "open":
            # The confirmation got no answer. If the cell has not closed the partner, the cell does
            # not continue by itself.
            self.state = "failed"
        self._progress(self.name, self.reason or self.state)

    def _ask(self, client: httpx.Client) -> None:
        """Send a request, with the confirmation code if an earlier answer contained one."""
        code = str(self.said.get("confirm", ""))
        self._asked_at = self._now()
        try:
            said = order(client, self._url, self._headers, self._partner, code)
        except NotSignedIn as error:
            self.state, self.reason = "failed", str(error)
        except NoAnswer as error:
            self.reason = str(error)
            if not error.passes:
                self.state = "failed"
        else:
            self.said, self.reason = said, ""
            self.state = _state(said)
            if self.state == "failed":
                self.reason = "the answer has an unknown form: is this the privacy function?"

    def _pause(self) -> float:
        """Return the seconds until the next request.

        The cell makes no certificate before ``settled_at``, so an earlier request would be useless.
        """
        try:
            settled_at = datetime.fromisoformat(str(self.said.get("settled_at")))
        except ValueError:
            return PAUSE_SECONDS
        left = (settled_at - self._now()).total_seconds()
        if left > 0:
            return left + 1.0
        return 0.0 if settled_at > self._asked_at else PAUSE_SECONDS


def _state(said: Mapping[str, Any]) -> State:
    """Return the state in an answer; ``failed`` if the answer lacks its certificate or its code."""
    match said:
        case {"state": "nothing"}:
            return "nothing"
        case {"state": "open", "confirm": str()}:
            return "open"
        case {"state": "deleting"}:
            return "deleting"
        case {"state": "on_hold", "certificate": {}}:
            return "on_hold"
        case {"state": "deleted", "certificate": {}}:
            return "deleted"
    return "failed"
