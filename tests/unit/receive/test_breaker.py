"""The circuit breaker decides when a service is called, and logs its changes."""

import json

import pytest

from functions import __version__
from functions.receive.breaker import Breaker
from tests.fakes.clock import Clock


def test_closed_it_admits_all_and_a_failure_opens_it() -> None:
    breaker = Breaker(retry_seconds=5, clock=Clock())
    assert breaker.admits()
    assert breaker.admits()
    breaker.failed("UNAVAILABLE")
    assert breaker.is_open
    assert not breaker.admits()


def test_open_it_admits_one_probe_at_a_time() -> None:
    clock = Clock()
    breaker = Breaker(retry_seconds=5, clock=clock)
    breaker.failed("UNAVAILABLE")
    clock.now += 4.9
    assert not breaker.admits()
    clock.now += 0.1
    assert breaker.admits()
    assert not breaker.admits()
    clock.now += 4
    breaker.failed("DEADLINE_EXCEEDED")
    clock.now += 4.9
    assert not breaker.admits(), "the waiting time begins with the failure of the probe"
    clock.now += 0.1
    assert breaker.admits()
    breaker.succeeded()
    assert not breaker.is_open
    assert breaker.admits()


def test_after_a_lost_probe_there_is_another_one() -> None:
    clock = Clock()
    breaker = Breaker(retry_seconds=5, clock=clock)
    breaker.failed("UNAVAILABLE")
    clock.now += 5
    assert breaker.admits()
    clock.now += 5
    assert breaker.admits()


def test_only_the_changes_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    breaker = Breaker(retry_seconds=5, clock=Clock())
    breaker.succeeded()
    breaker.failed("UNAVAILABLE")
    breaker.failed("INTERNAL")
    breaker.succeeded()
    breaker.succeeded()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        {
            "severity": "WARNING",
            "message": "spilling",
            "reason": "UNAVAILABLE",
            "version": __version__,
        },
        {"severity": "WARNING", "message": "publishing resumed", "version": __version__},
    ]
