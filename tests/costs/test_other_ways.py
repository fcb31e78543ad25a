"""The numbers on the page on costs about other ways to pay follow from prices and the model."""

import re

import pytest

from costs import page
from costs.dollars import MONTH_SECONDS, instance_seconds, prices, usage

PAGE = (page.ROOT / page.COSTS).read_text("utf-8")
SLOTS = PAGE.split("\n## Erasures by slots\n")[1].split("\n## ")[0]
INSTANCES = PAGE.split("\n## Functions by the instance\n")[1].split("\n## ")[0]

SLOT_HOUR = 0.066
"""Dollars for an hour of a slot (Enterprise edition, European Union).
Source: https://cloud.google.com/bigquery/pricing."""

SLOT_BYTES = 10e6
"""How many bytes we assume that a slot changes in a second."""

LEAST_SLOT_SECONDS = 50 * 60
"""The smallest number of slot seconds that BigQuery bills.
Source: https://cloud.google.com/bigquery/docs/slots#slot-autoscaling."""

BY_THE_INSTANCE = 0.000018 + 0.000002
"""Dollars for a second of a processor with 1 GiB of memory.
Source: https://cloud.google.com/run/pricing."""


def test_slots_and_bytes_cost_the_same_where_the_page_says() -> None:
    tebibyte = prices()["BigQuery queries"].usd
    hours = tebibyte / SLOT_HOUR
    least = LEAST_SLOT_SECONDS / 3600 * SLOT_HOUR

    assert f"| 1 TiB, per byte | ${tebibyte} |" in SLOTS
    assert f"1 TiB costs as much as {hours:.0f} hours of a slot" in SLOTS
    assert f"changes more than {2**40 / hours / 3600 / 1e6:.1f} MB a\nsecond" in SLOTS
    assert f"${least:.3f}, as much as {least / tebibyte * 2**40 / 1e9:.1f} GB per byte" in SLOTS
    assert f"* {tebibyte} AS per_byte" in SLOTS
    assert f"* {SLOT_HOUR} AS by_slots" in SLOTS


@pytest.mark.parametrize("gigabytes", [10, 100, 1_000])
def test_an_execution_costs_what_the_page_says(gigabytes: int) -> None:
    per_byte = gigabytes * 1e9 / 2**40 * prices()["BigQuery queries"].usd
    by_slots = gigabytes * 1e9 / SLOT_BYTES / 3600 * SLOT_HOUR

    [(said, slots)] = re.findall(rf"^\| {gigabytes:,} \| \$(\S+) \| (.+) \|$", SLOTS, re.MULTILINE)
    assert said == f"{per_byte:.2f}"
    if gigabytes == 10:
        least = LEAST_SLOT_SECONDS / 3600 * SLOT_HOUR
        assert slots == f"${least:.2f} to ${2 * least:.2f}", "the price of one or two minutes"
    else:
        assert slots == f"${by_slots:.2f}"


@pytest.mark.parametrize("name", ["receive", "load"])
@pytest.mark.parametrize("millions", [1, 25, 100, 10_000])
def test_a_function_costs_what_the_page_says(name: str, millions: int) -> None:
    busy = instance_seconds(millions * 1e6, usage().functions[name])
    second = prices()["Cloud Run CPU"].usd + prices()["Cloud Run memory"].usd
    by_request = millions * prices()["Cloud Run requests"].usd + busy * second
    by_instance = max(busy, MONTH_SECONDS) * BY_THE_INSTANCE

    row = f"| {millions:,} million events a month | ${by_request:,.2f} | ${by_instance:.2f} |"
    assert row in INSTANCES
