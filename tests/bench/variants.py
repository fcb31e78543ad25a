"""What is compared, and what the comparison should show."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parent.parent.parent
PEERS = Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Variant:
    """One server under one load.

    Attributes:
        name: short, for the command line.
        title: for people.
        source: the file that functions-framework serves; its function is ``receive``.
        connections: of the load generator.
        events: in each request.
        environ: settings beside those that all variants share.
    """

    name: str
    title: str
    source: Path
    connections: int = 64
    events: int = 1
    environ: dict[str, str] = field(default_factory=dict)


SAMPLE = PEERS / "documentation_sample.py"
HELLO = PEERS / "hello_world.py"
RECEIVER = ROOT / "main.py"

VARIANTS = (
    Variant("a", "documentation sample, default threads", SAMPLE),
    Variant("b", "documentation sample, THREADS=64", SAMPLE, environ={"THREADS": "64"}),
    Variant("c", "hello world that reads the body", HELLO),
    Variant("d", "this receiver", RECEIVER),
    Variant("d256", "this receiver, 256 connections", RECEIVER, connections=256),
    Variant("e", "this receiver, arrays of 100", RECEIVER, events=100),
)

Figure = Literal["events_per_second", "events_per_cpu_second", "first_answer_seconds"]


@dataclass(frozen=True)
class Bar:
    """A ratio of two variants' medians, and what it should be.

    Attributes:
        of: the variant above the line.
        to: the variant below the line.
        figure: the measured figure.
        bound: the least ratio; the largest where `at_most`.
        at_most: whether less is better.
    """

    of: str
    to: str
    figure: Figure
    bound: float
    at_most: bool = False

    def holds(self, ratio: float) -> bool:
        """Tell whether a ratio meets the bar."""
        return ratio <= self.bound if self.at_most else ratio >= self.bound


BARS = (
    Bar("d", "a", "events_per_second", 25),
    Bar("d", "b", "events_per_second", 5),
    Bar("d", "c", "events_per_cpu_second", 0.6),
    Bar("e", "a", "events_per_second", 150),
    Bar("d", "a", "first_answer_seconds", 1, at_most=True),
)
