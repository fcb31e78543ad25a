"""Freshness is computed from the loader's log."""

import json

import pytest

from tests.bench.freshness import Freshness, NotLoaded, summarise


def line(stored: int, *milliseconds: float) -> str:
    times = dict(zip(("p50", "p99", "max"), milliseconds, strict=True)) if milliseconds else None
    told = {"message": "loaded", "stored": stored, "freshness_ms": times}
    return json.dumps(told, separators=(",", ":"))


def test_the_median_second_and_the_longest_time() -> None:
    lines = [line(100, 50, 90, 95), "other", line(0), line(80, 70, 80, 200), line(20, 60, 85, 90)]
    assert summarise(lines, 200, 199.5) == Freshness(200, 199.5, 60, 85, 200)


def test_events_that_are_missing_are_noticed() -> None:
    with pytest.raises(NotLoaded):
        summarise([line(100, 50, 90, 95)], 101, 200)
