"""Compares a request with as many partners as a secret holds to one with two, in pairs."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from statistics import median

import msgspec

from local.cell import CELL, PARTNER
from tests.bench.measure import cpu_of
from tests.bench.servers import Bench
from tests.bench.variants import RECEIVER, named

FEW, MANY = 2, 300
PAIRS = 15

TOLERATED = 0.02
"""The bar: the median of the pairs' ratios differs from 1 by at most this."""


class Partners(msgspec.Struct, frozen=True):
    """What a request costs with many partners, compared with few.

    Attributes:
        few_microseconds: processor time for an event with few partners; the median.
        many_microseconds: the same with many partners.
        ratio: the median of the pairs' ratios, many to few.
        pairs: the number of pairs.
    """

    few_microseconds: float
    many_microseconds: float
    ratio: float
    pairs: int

    @property
    def holds(self) -> bool:
        """Whether the bar is met."""
        return abs(self.ratio - 1) <= TOLERATED


def measure(at: Bench, seconds: int, progress: Callable[[int], None]) -> Partners:
    """Measure pairs; each of them starts the receiver twice, in alternating order.

    Args:
        at: where.
        seconds: of load for each start, after a warm-up.
        progress: told the number of each pair before it is measured.

    Raises:
        Broken: the receiver did not bear the load.
        NotStarted: the receiver gave no 2xx.
    """
    receiver = named(RECEIVER)
    variants = {
        count: replace(receiver, environ={"PARTNERS_FILE": str(_secret(at, count))})
        for count in (FEW, MANY)
    }
    measured: dict[int, list[float]] = {FEW: [], MANY: []}
    for number in range(PAIRS):
        progress(number)
        for count in (FEW, MANY) if number % 2 == 0 else (MANY, FEW):
            measured[count].append(cpu_of(at, variants[count], seconds))
    return compare(measured[FEW], measured[MANY])


def compare(few: list[float], many: list[float]) -> Partners:
    """Summarise the microseconds of pairs."""
    ratios = [more / less for less, more in zip(few, many, strict=True)]
    return Partners(median(few), median(many), median(ratios), len(ratios))


def secret(own: bytes, count: int) -> bytes:
    """Return a partners secret with this number of partners, one of them the demo partner.

    Args:
        own: the secret with the demo partner alone.
        count: how many partners.
    """
    partners = {
        f"partner-{number}": {
            "tokens_sha256": [sha256(b"%d" % number).hexdigest()],
            "projects": {f"partner-{number}-prod": CELL},
            "request_ids": True,
        }
        for number in range(1, count)
    }
    return json.dumps(
        {"partners": partners | {PARTNER: json.loads(own)["partners"][PARTNER]}}
    ).encode()


def _secret(at: Bench, count: int) -> Path:
    path = at.folder / f"partners-{count}.json"
    path.write_bytes(secret((at.cell.secrets / "partners.json").read_bytes(), count))
    return path
