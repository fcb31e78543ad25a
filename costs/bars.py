"""Compares the figures of the model with the bars in ``bars.yaml``, which no figure may exceed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

from costs.figures import Figures

PATH = Path(__file__).with_name("bars.yaml")

SLACK = 1.2
"""A bar may be at most this many times its figure, so that bars follow improvements."""

SAME = 1e-6
"""The share by which two numbers may differ and still count as equal."""

DIGITS = 3
"""The significant digits of a bar; with more digits, a bar would change with each byte."""


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bars with one reason.

    Attributes:
        why: the reason for the figures; if there is a goal, also what is missing to reach it.
        bars: the bar of each figure, by name.
        goal: the value that the design wants at 100 million events a month, or jobs in a row; None
            if the figures may stay as they are.
    """

    why: str
    bars: Mapping[str, tuple[float, ...]]
    goal: float | None = None


class Bars(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All bars, by the fields of `costs.figures.Figures`."""

    jobs: Sequence[Group]
    in_a_row: Sequence[Group]
    statements: Sequence[Group]
    views: Sequence[Group]


@cache
def read_bars() -> Bars:
    """Read ``bars.yaml``.

    Raises:
        msgspec.ValidationError: the file has an unknown or a missing member, such as ``why``.
    """
    return msgspec.yaml.decode(PATH.read_bytes(), type=Bars)


def problems(bars: Bars, figures: Figures) -> list[str]:
    """Return a sentence for each bar that is missing, exceeded or too high, or has no figure."""
    return [
        problem
        for section in Bars.__struct_fields__
        for problem in compare(getattr(bars, section), getattr(figures, section))
    ]


def compare(groups: Sequence[Group], figures: Mapping[str, tuple[float, ...]]) -> Iterator[str]:
    """Yield the problems of one section; most end with the line to write into ``bars.yaml``."""
    bars: dict[str, tuple[float, ...]] = {}
    for group in groups:
        for name, bar in group.bars.items():
            if name in bars:
                yield f"{name} has two bars"
            bars[name] = bar
    for name in sorted(bars.keys() - figures.keys()):
        yield f"{name} has a bar, but the model computes no figure of this name"
    for name, figure in figures.items():
        if name not in bars:
            yield f"{name} has no bar: add `{line(name, figure)}`"
        elif len(bars[name]) != len(figure):
            yield f"{name} has {len(bars[name])} numbers, not {len(figure)}"
        elif any(value > bar * (1 + SAME) for value, bar in zip(figure, bars[name], strict=True)):
            yield f"{name} is above its bar: `{line(name, figure)}`"
        elif any(bar > SLACK * value for value, bar in zip(figure, bars[name], strict=True)):
            yield f"{name} is far below its bar, so lower it: `{line(name, figure)}`"


def line(name: str, figure: Sequence[float]) -> str:
    """Return the line of ``bars.yaml`` that fits a figure."""
    return f"{name}: [{', '.join(f'{rounded_up(value):g}' for value in figure)}]"


def rounded_up(value: float) -> float:
    """Round up to `DIGITS` digits."""
    digits = DIGITS - 1 - math.floor(math.log10(value))
    step = 10.0**-digits
    return round(math.ceil(value / step - 1e-9) * step, max(0, digits))
