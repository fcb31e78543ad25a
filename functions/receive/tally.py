"""Counts the results of webhooks; docs/operations.md describes the fields of the log line."""

from collections import Counter

import msgspec
from starlette.responses import Response

from functions.observe.log import log
from functions.observe.tally import Milliseconds


class Received(msgspec.Struct):
    """The counts of one log line.

    Attributes:
        requests: the number of requests with a valid token, by partner.
        accepted: the number of accepted events: published or spilled.
        refused: the number of refused events, by reason code; a request that was refused before it
            was split into events counts as one.
        spilled: the number of spilled events.
        quarantined: the number of quarantined events; a body that cannot be split into events
            counts as one.
        publish_ms: the durations of publishes in milliseconds, including failed publishes; None if
            there were no publishes.
    """

    requests: Counter[str] = msgspec.field(default_factory=Counter)
    accepted: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    spilled: int = 0
    quarantined: int = 0
    publish_ms: Milliseconds | None = None


class _Result(msgspec.Struct):
    reason: str


class _Problem(msgspec.Struct):
    reason: str
    results: list[_Result] = []


_PROBLEM = msgspec.json.Decoder(_Problem)


class ReceiveTally:
    """Counts the results of webhooks, and writes the log line ``received``."""

    def __init__(self) -> None:
        self._counts = Received()
        self._publishes: list[float] = []

    def hear(self, partner: str) -> None:
        """Count a request that has a valid token of this partner."""
        self._counts.requests[partner] += 1

    def accept(self, events: int) -> None:
        """Count accepted events."""
        self._counts.accepted += events

    def refuse(self, reason: str) -> None:
        """Count a refused event or request. ``reason`` is its reason code."""
        self._counts.refused[reason] += 1

    def refuse_all(self, answer: Response) -> None:
        """Count the refused events of a request by the reason codes in its response.

        If the response has no result for each event, the request counts as one event.
        """
        problem = _PROBLEM.decode(answer.body)
        reasons = [result.reason for result in problem.results] or [problem.reason]
        self._counts.refused.update(reasons)

    def spill(self, events: int) -> None:
        """Count spilled events."""
        self._counts.spilled += events

    def quarantine(self, events: int) -> None:
        """Count quarantined events."""
        self._counts.quarantined += events

    def publish(self, seconds: float) -> None:
        """Record how many seconds a publish took."""
        self._publishes.append(seconds)

    def write(self) -> bool:
        """Write the log line if anything was counted; return whether it was written."""
        if self._publishes:
            self._counts.publish_ms = Milliseconds.of(self._publishes)
        counts, self._counts, self._publishes = self._counts, Received(), []
        if counts == Received():
            return False
        log("INFO", "received", **msgspec.structs.asdict(counts))
        return True
