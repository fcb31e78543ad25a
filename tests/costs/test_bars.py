"""Every figure of the model has a bar in bars.yaml, and is not above it."""

from collections.abc import Mapping

import pytest

from costs.bars import Group, compare, line, problems, read_bars, rounded_up
from costs.figures import figures

FIGURES = {"a job": (1.0, 99.2, 9_876.0)}


def test_every_figure_holds_its_bar() -> None:
    assert problems(read_bars(), figures()) == []


def found(*bars: Mapping[str, tuple[float, ...]]) -> list[str]:
    return list(compare([Group("It is so.", each) for each in bars], FIGURES))


def test_a_bar_of_the_figure_rounded_up_holds() -> None:
    assert found({"a job": (1.0, 99.2, 9_880.0)}) == []


def test_a_figure_without_a_bar_fails_with_the_line_to_add() -> None:
    assert found() == ["a job has no bar: add `a job: [1, 99.2, 9880]`"]


def test_a_bar_without_a_figure_fails() -> None:
    [problem] = found({"a job": (1.0, 99.2, 9_880.0), "gone": (1.0, 1.0, 1.0)})
    assert problem == "gone has a bar, but the model computes no figure of this name"


@pytest.mark.parametrize("bar", [(0.9, 100.0, 9_900.0), (1.0, 99.0, 9_900.0), (1.0, 100.0, 9.0)])
def test_a_figure_above_its_bar_fails(bar: tuple[float, ...]) -> None:
    assert found({"a job": bar}) == ["a job is above its bar: `a job: [1, 99.2, 9880]`"]


@pytest.mark.parametrize("bar", [(1.3, 100.0, 9_900.0), (1.0, 120.0, 9_900.0)])
def test_a_bar_that_did_not_follow_an_improvement_fails(bar: tuple[float, ...]) -> None:
    [problem] = found({"a job": bar})
    assert problem == "a job is far below its bar, so lower it: `a job: [1, 99.2, 9880]`"


def test_a_bar_may_be_as_exact_as_a_float() -> None:
    assert found({"a job": (1.0 - 1e-9, 99.2, 9_880.0)}) == []


def test_a_figure_with_two_bars_fails() -> None:
    bar = {"a job": (1.0, 99.2, 9_880.0)}
    assert found(bar, bar) == ["a job has two bars"]


def test_a_bar_with_too_few_numbers_fails() -> None:
    assert found({"a job": (1.0,)}) == ["a job has 1 numbers, not 3"]


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0.01048576, 0.0105), (1.0, 1.0), (99.21, 99.3), (1_234.0, 1_240.0), (119_424.0, 120_000.0)],
)
def test_a_bar_has_three_digits(value: float, rounded: float) -> None:
    assert rounded_up(value) == pytest.approx(rounded)
    assert rounded_up(value) >= value


def test_a_line_can_be_copied_into_the_file() -> None:
    assert line("a job", (0.01048576, 7.0, 119_424.0)) == "a job: [0.0105, 7, 120000]"


def test_a_goal_that_is_reached_must_be_removed() -> None:
    bars = read_bars()
    for group in (*bars.jobs, *bars.in_a_row, *bars.statements, *bars.views):
        for name, bar in group.bars.items():
            at_100_million = bar[len(bar) // 2]
            assert group.goal is None or at_100_million > group.goal, name
