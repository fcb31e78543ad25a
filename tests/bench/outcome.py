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
        ratio: measured.
        bound: the bar.
        at_most: whether the bar is an upper one.
        holds: whether it is met.
    """

    of: str
    to: str
    figure: str
    ratio: float
    bound: float
    at_most: bool
    holds: bool


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
    """

    machine: dict[str, str]
    rounds: int
    seconds: int
    figures: dict[str, Figures]
    verdicts: list[Verdict]
    freshness: Freshness | None = None
    dashboards: list[Dashboard] = []


def verdicts(figures: Mapping[str, Figures]) -> list[Verdict]:
    """Compare the medians with the bars."""
    return [_verdict(bar, figures) for bar in BARS if {bar.of, bar.to} <= figures.keys()]


def _verdict(bar: Bar, figures: Mapping[str, Figures]) -> Verdict:
    ratio: float = getattr(figures[bar.of], bar.figure) / getattr(figures[bar.to], bar.figure)
    return Verdict(bar.of, bar.to, bar.figure, ratio, bar.bound, bar.at_most, bar.holds(ratio))


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
