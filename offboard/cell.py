"""One cell on its way to the certificate."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from offboard.privacy import NoAnswer, order
from verify.identity import Headers, NotSignedIn

PAUSE_SECONDS = 60.0
"""Between two questions; the function looks at everything at each."""

State = Literal["nothing", "open", "deleting", "on_hold", "deleted", "failed"]
"""``nothing``: the cell has nothing of the partner; ``failed``: it refused, or did not answer."""

ENDS = frozenset({"nothing", "deleted", "on_hold", "failed"})

Progress = Callable[[str, str], None]
"""Tells a person: the cell, and what it does."""


class Cell:
    """One cell.

    Args:
        name: of the cell.
        url: of its privacy function.
        headers: tell who asks.
        partner: the partner to remove.
        progress: tells a person how far it is.
        sleep: waits for so many seconds.
        now: the clock, with an offset.

    Attributes:
        state: how far it is.
        said: what the function said last.
        reason: why it failed; empty where it did not.
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
        """Ask what would be deleted; a partner who is closed already goes on leaving."""
        self._ask(client)
        if self.reason:
            self.state = "failed"

    def leave(self, client: httpx.Client, until: float) -> None:
        """Confirm what was planned, and ask until there is a certificate.

        Args:
            client: sends the requests.
            until: when to give up waiting, as `time.monotonic` has it.
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
        if self.state == "open":  # nobody knows whether it is closed, so it may not go on by itself
            self.state = "failed"
        self._progress(self.name, self.reason or self.state)

    def _ask(self, client: httpx.Client) -> None:
        """Ask, with the code of the plan where there is one."""
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
        """Return the seconds until the next question: no certificate is made before a moment."""
        try:
            settled_at = datetime.fromisoformat(str(self.said.get("settled_at")))
        except ValueError:
            return PAUSE_SECONDS
        left = (settled_at - self._now()).total_seconds()
        if left > 0:
            return left + 1.0
        return 0.0 if settled_at > self._asked_at else PAUSE_SECONDS


def _state(said: Mapping[str, Any]) -> State:
    """Return the state that an answer tells; nothing is deleted without a certificate."""
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
