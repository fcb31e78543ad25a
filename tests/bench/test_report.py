"""Medians, verdicts and the page."""

from pathlib import Path

import msgspec
import pytest

from tests.bench import outcome, report
from tests.bench.dashboard import Dashboard
from tests.bench.freshness import Freshness
from tests.bench.measure import Figures, medians
from tests.bench.outcome import Run
from tests.bench.partners import Partners
from tests.bench.report import RESULTS, SCALE
from tests.bench.scale import Scale, ScaledJob

BEGIN, END = RESULTS


def figures(
    events_per_second: float, first_answer_seconds: float = 0.2, others: float = 0.0
) -> Figures:
    return Figures(
        events_per_second, events_per_second, 10, 1, others, 1, 2, 50, first_answer_seconds
    )


def a_run(of: dict[str, Figures]) -> Run:
    return Run({"Python": "3.13"}, rounds=3, seconds=2, figures=of, verdicts=outcome.verdicts(of))


def test_each_figure_has_its_own_median() -> None:
    median = medians([figures(1, 0.3), figures(9, 0.1), figures(5, 0.2)])
    assert (median.events_per_second, median.first_answer_seconds) == (5, 0.2)


def test_a_bar_is_met_or_missed() -> None:
    verdicts = outcome.verdicts({"a": figures(100, 0.4), "d": figures(2_500), "e": figures(14_900)})
    assert [(of.of, of.to, of.holds) for of in verdicts] == [
        ("d", "a", True),
        ("e", "a", False),
        ("d", "a", True),
    ]
    assert verdicts[-1].value == pytest.approx(0.5)


def test_a_bar_needs_both_of_its_variants() -> None:
    assert outcome.verdicts({"d": figures(1)}) == []


def test_a_busy_machine_is_noticed() -> None:
    assert not outcome.is_disturbed(a_run({"a": figures(1, others=0.04)}))
    assert outcome.is_disturbed(a_run({"a": figures(1, others=0.04), "d": figures(1, others=0.3)}))


def test_results_replace_the_earlier_ones_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    run = a_run({"a": figures(100), "d": figures(2_500)})
    report.write(run, page)
    once = page.read_text()
    assert once.startswith(f"before\n{BEGIN}\n")
    assert once.endswith(f"{END}\nafter\n")
    assert "old" not in once
    assert "| d / a | events per second | 25.00 | at least 25 | met |" in once
    report.write(run, page)
    assert page.read_text() == once


def test_freshness_has_a_table_of_its_own() -> None:
    run = a_run({"a": figures(100)})
    assert "embedded cell" not in report.markdown(run)
    fresh = msgspec.structs.replace(run, freshness=Freshness(3_000, 199.6, 55.5, 120.0, 210.2))
    row = "| j | from receipt to storage | 3,000 | 200 | 55.5 | 120.0 | 210.2 |"
    assert row in report.markdown(fresh)


def test_the_dashboard_has_a_table_of_its_own() -> None:
    run = a_run({"a": figures(100)})
    assert "rollup rows" not in report.markdown(run)
    measured = [
        Dashboard(150_000, 7_754, 5.6, 175, 448, 219),
        Dashboard(300_000, 7_754, 6.2, 197, 1_000, 235),
    ]
    shown = report.markdown(msgspec.structs.replace(run, dashboards=measured))
    assert "| l | 150,000 | 7,754 | 5.6 | 175 | 448 | 219 | met |" in shown
    assert "| l | 300,000 | 7,754 | 6.2 | 197 | 1000 | 235 | missed |" in shown


def test_a_page_without_a_place_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text")
    with pytest.raises(ValueError, match="no place"):
        report.write(a_run({"a": figures(1)}), page)
    assert page.read_text() == "text"


def test_processor_time_counts_above_the_bare_server() -> None:
    of = {"c0": figures(1), "d": msgspec.structs.replace(figures(1), cpu_microseconds=35.5)}
    run = a_run(of)
    assert "| 35.5 | 25.5 | 100% |" in report.markdown(run)
    assert "| d - c0 | cpu microseconds | 25.50 | at most 30 | met |" in report.markdown(run)


def test_a_figure_that_was_not_measured_has_no_median() -> None:
    some = [msgspec.structs.replace(figures(1), half_load_p99_ms=ms) for ms in (1.0, 3.0, 2.0)]
    assert medians(some).half_load_p99_ms == 2
    assert medians([*some, figures(1)]).half_load_p99_ms is None


def test_partners_have_a_table_of_their_own() -> None:
    run = a_run({"a": figures(100)})
    assert "partners" not in report.markdown(run)
    shown = report.markdown(msgspec.structs.replace(run, partners=Partners(60, 60.6, 1.01, 15)))
    assert "| m | 60.0 | 60.6 | 15 | 1.010 | met |" in shown


def test_the_scale_run_has_a_place_of_its_own(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{SCALE[0]}\nold\n{SCALE[1]}\n{BEGIN}\nolder\n{END}\n")
    scales = [
        Scale(1_000_000, 9.0, [ScaledJob("page of 90 days", 1.0, 5, 100, ("a/b", 0.5))]),
        Scale(4_000_000, 36.0, [ScaledJob("page of 90 days", 1.5, 5, 106, ("a/b", 0.7))]),
    ]
    report.write(msgspec.structs.replace(a_run({}), scales=scales), page)
    written = page.read_text()
    assert "1 million events in 9 s; 4 million events in 36 s" in written
    row = "| page of 90 days | 5 | 100 | 106 | missed | 1.0 | 1.5 | a/b, 0.7 s |"
    assert row in written
    assert "old\n" not in written
    assert f"{BEGIN}\nolder\n{END}" in written
