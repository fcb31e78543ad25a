"""The daily quota of a partner in the quarantine."""

import pytest

from functions.receive.quota import DAY_SECONDS, QuarantineFull, Quota
from tests.fakes.clock import Clock


def quota(clock: Clock) -> Quota:
    return Quota(objects=3, size=10, clock=clock)


def test_objects_and_bytes_are_limited_for_each_partner() -> None:
    limits = quota(Clock())
    limits.take("a", [("1", b"xxx"), ("2", b"xxx")])
    with pytest.raises(QuarantineFull):
        limits.take("a", [("3", b"xxxxx")])
    limits.take("a", [("3", b"xxxx")])
    with pytest.raises(QuarantineFull):
        limits.take("a", [("4", b"")])
    limits.take("b", [("4", b"xxxxxxxxxx")])


def test_an_object_beyond_the_quota_does_not_count() -> None:
    limits = quota(Clock())
    with pytest.raises(QuarantineFull):
        limits.take("a", [("1", b"xxx"), ("2", b"xxxxxxxx")])
    limits.take("a", [("3", b"xxxxxxxxxx")])


def test_an_object_that_is_written_again_counts_once() -> None:
    limits = quota(Clock())
    for _ in range(10):
        limits.take("a", [("1", b"xxxxx"), ("2", b"xxxxx")])
    with pytest.raises(QuarantineFull):
        limits.take("a", [("1", b"xxxxx"), ("3", b"x")])


def test_each_day_begins_anew() -> None:
    clock = Clock()
    limits = quota(clock)
    limits.take("a", [("1", b"x" * 10)])
    clock.now += DAY_SECONDS
    limits.take("a", [("2", b"x" * 10)])
