"""What a run found: medians, verdicts on the bars, the machine."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec

from tests.bench.dashboard import Dashboard
from tests.bench.freshness import Freshness
from tests.bench.measure import Figures
from tests.bench.partners import Partners
from tests.bench.scale import Scale
from tests.bench.variants import BARS, Bar

PACKAGES = (
    "functions-framework",
    "google-cloud-bigquery-storage",
    "google-cloud-pubsub",
    "grpcio",
    "gunicorn",
    "httptools",
    "starlette",
    "uvicorn",
    "uvloop",
)

TOLERATED = 0.05
"""The share of the function's core that others may take in a run that means something."""


class Verdict(msgspec.Struct, frozen=True):
    """A bar and what was measured.

    Attributes:
        of: the variant above the line.
        to: the variant below the line.
        figure: what is compared.
        value: measured, a ratio or a difference.
        bound: the bar.
        at_most: whether the bar is an upper one.
        holds: whether it is met.
        difference: whether the value is a difference.
    """

    of: str
    to: str
    figure: str
    value: float
    bound: float
    at_most: bool
    holds: bool
    difference: bool = False


class Run(msgspec.Struct, frozen=True):
    """A run's outcome.

    Attributes:
        machine: what it ran on, and the versions.
        rounds: how many.
        seconds: of load for each variant and round.
        figures: the medians by variant.
        verdicts: on the bars whose two variants ran.
        freshness: in the embedded cell; None where it was not measured.
        dashboards: the dashboard over a raw table that doubles; empty where it was not measured.
        partners: a request with 300 partners against one with two; None where it was not measured.
        scales: jobs and pages as the store grows; empty where they were not measured.
    """

    machine: dict[str, str]
    rounds: int
    seconds: int
    figures: dict[str, Figures]
    verdicts: list[Verdict]
    freshness: Freshness | None = None
    dashboards: list[Dashboard] = []
    partners: Partners | None = None
    scales: list[Scale] = []


def verdicts(figures: Mapping[str, Figures]) -> list[Verdict]:
    """Compare the medians with the bars."""
    return [_verdict(bar, figures) for bar in BARS if {bar.of, bar.to} <= figures.keys()]


def _verdict(bar: Bar, figures: Mapping[str, Figures]) -> Verdict:
    above, below = (getattr(figures[name], bar.figure) for name in (bar.of, bar.to))
    value = bar.value(above, below)
    return Verdict(
        bar.of,
        bar.to,
        bar.figure,
        value,
        bar.bound,
        bar.at_most,
        bar.holds(value),
        bar.difference,
    )


def machine() -> dict[str, str]:
    """Describe this machine and the versions in use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2] for line in lines if line.startswith("model name")), "")
    return {
        "processor": f"{model.strip() or platform.machine()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    } | {name: version(name) for name in PACKAGES}


def is_disturbed(run: Run) -> bool:
    """Tell whether others took more of the function's core than a little."""
    return any(of.others > TOLERATED for of in run.figures.values())
