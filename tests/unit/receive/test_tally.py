"""The log line from which metrics are made."""

import json
from typing import Any

import pytest

from functions import __version__
from functions.acceptance import reasons
from functions.receive import answers
from functions.receive.tally import ReceiveTally


class Out:
    """Returns the log lines since the last call."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Out:
    return Out(capsys)


def test_the_line_has_everything(out: Out) -> None:
    tally = ReceiveTally()
    tally.hear("acme")
    tally.hear("acme")
    tally.accept(3)
    tally.spill(2)
    tally.quarantine(1)
    tally.refuse("event_too_large")
    for milliseconds in range(1, 201):
        tally.publish(milliseconds / 1000)
    assert tally.write()
    assert not tally.write(), "no counts are left to write"
    assert out.lines() == [
        {
            "severity": "INFO",
            "message": "received",
            "requests": {"acme": 2},
            "accepted": 3,
            "refused": {"event_too_large": 1},
            "spilled": 2,
            "quarantined": 1,
            "publish_ms": {"p50": 100.0, "p99": 198.0, "max": 200.0},
            "version": __version__,
        }
    ]


def test_a_refused_request_counts_as_its_events_if_their_number_is_known(out: Out) -> None:
    tally = ReceiveTally()
    tally.refuse_all(answers.unauthorized())
    results: list[dict[str, object]] = [{"status": 421, "reason": "a"}] * 2
    tally.refuse_all(answers.webhook_problem(reasons.PROJECT_ELSEWHERE, results=results))
    tally.write()
    assert out.lines()[0]["refused"] == {"token_unknown": 1, "a": 2}
