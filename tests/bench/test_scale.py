"""The rows that jobs read are counted by day, and events lie where jobs expect them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import click
import pytest

from costs.bounds import Bound
from costs.scans import Read
from tests.bench.__main__ import Wanted, sizes
from tests.bench.scale import FLAT, SEQUENCE, Partitions, Scale, ScaledJob, is_flat

MONDAY = date(2026, 11, 30)
NONE: frozenset[str] = frozenset()


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def days_ago(number: int) -> date:
    return MONDAY - timedelta(days=number)


STORED = Partitions(
    {
        "events_v1": Counter({days_ago(number): 10**number for number in range(4)}),
        "erasures_v1": Counter({None: 7}),
    }
)


def test_a_scan_without_bounds_reads_all_days() -> None:
    assert STORED.rows(Read("events_v1", NONE, ())) == 1_111
    assert STORED.rows(Read("erasures_v1", NONE, ())) == 7


def test_a_scan_reads_whole_days_within_its_bounds() -> None:
    later = moment(days_ago(2)) + timedelta(hours=5)
    bounds = (
        ("received_at", Bound(1, later, None)),
        ("received_at", Bound(1, None, moment(MONDAY))),
        ("stored_at", Bound(2, moment(MONDAY), None)),
    )
    assert STORED.rows(Read("events_v1", NONE, bounds)) == 110


def test_a_list_of_days_reads_at_most_so_many_days() -> None:
    bound = Bound(1, moment(days_ago(3)), moment(MONDAY), days=2)
    assert STORED.rows(Read("events_v1", NONE, (("received_at", bound),))) == 1_100


def test_flat_is_judged_between_the_smallest_and_the_largest_size() -> None:
    def scale(events: int, rows: int) -> Scale:
        return Scale(events, 1.0, [ScaledJob("page", 1.0, 1, rows, ("a/b", 1.0))])

    assert is_flat([scale(4, 105), scale(1, 100), scale(2, 500)], "page")
    assert not is_flat([scale(1, 100), scale(4, 106)], "page")


def test_flat_jobs_are_measured() -> None:
    assert set(FLAT) <= {name for name, _ in SEQUENCE}


def test_sizes_are_in_millions() -> None:
    assert sizes("4,1,0.5") == [500_000, 1_000_000, 4_000_000]


@pytest.mark.parametrize("given", ["", "many", "0.1"])
def test_other_sizes_are_refused(given: str) -> None:
    with pytest.raises(click.BadParameter):
        sizes(given)


def test_the_scale_run_runs_only_if_it_is_named() -> None:
    assert Wanted(1, 1, (), [], 1).has("d")
    assert not Wanted(1, 1, (), [], 1).has("scale")
    assert Wanted(1, 1, ("scale",), [], 1).has("scale")
    assert not Wanted(1, 1, ("scale",), [], 1).has("d")
