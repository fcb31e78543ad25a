"""The bodies have the size that is reported, and `receive` accepts them."""

from functions.acceptance.body import parse
from local.cell import PARTNER_PROJECTS
from tests.bench.bodies import EVENT, body


def test_the_event_has_the_size_that_is_reported() -> None:
    assert len(EVENT) == 305


def test_an_array_has_that_many_events() -> None:
    [event] = parse(body(1), 1_000)
    assert event.name == "message_sent"
    assert event.project in PARTNER_PROJECTS
    assert parse(body(100), 1_000) == [event] * 100
