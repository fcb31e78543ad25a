"""Counts what becomes of webhooks; docs/operations.md lists the fields of the line."""

from collections import Counter

import msgspec
from starlette.responses import Response

from functions.observe.log import log
from functions.observe.tally import Milliseconds


class Received(msgspec.Struct):
    """What a line tells of its interval.

    Attributes:
        requests: requests with a valid token, by partner, whatever became of them.
        accepted: events that were answered 200: published or spilled.
        refused: what was answered otherwise, by reason: events, or requests where no event could
            be told.
        spilled: events that went to the bucket instead of Pub/Sub.
        quarantined: bodies and events that were quarantined.
        publish_ms: how long the publishes took, failed ones included; None where there was none.
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


class Tally:
    """Counts, and writes the line."""

    def __init__(self) -> None:
        self._counts = Received()
        self._publishes: list[float] = []

    def hear(self, partner: str) -> None:
        """Count a request with one of a partner's tokens."""
        self._counts.requests[partner] += 1

    def accept(self, events: int) -> None:
        """Count events that are durable."""
        self._counts.accepted += events

    def refuse(self, reason: str) -> None:
        """Count an event, or a request, that is refused."""
        self._counts.refused[reason] += 1

    def refuse_all(self, answer: Response) -> None:
        """Count a request of which nothing was accepted, by what its sender is told."""
        problem = _PROBLEM.decode(answer.body)
        reasons = [result.reason for result in problem.results] or [problem.reason]
        self._counts.refused.update(reasons)

    def spill(self, events: int) -> None:
        """Count events that went to the bucket."""
        self._counts.spilled += events

    def quarantine(self, events: int) -> None:
        """Count quarantined events, or a body of which no event could be told as one."""
        self._counts.quarantined += events

    def publish(self, seconds: float) -> None:
        """Count a publish."""
        self._publishes.append(seconds)

    def write(self) -> bool:
        """Write the line, unless there is nothing to tell; say whether there was."""
        if self._publishes:
            self._counts.publish_ms = Milliseconds.of(self._publishes)
        counts, self._counts, self._publishes = self._counts, Received(), []
        if counts == Received():
            return False
        log("INFO", "received", **msgspec.structs.asdict(counts))
        return True
