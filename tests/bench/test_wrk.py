"""The outcome is read from wrk's output; a missing outcome or a missing wrk is an error."""

import pytest

from tests.bench import wrk

LINE = (
    '{"requests":12000,"seconds":2.000000,"p50_ms":4.5,"p99_ms":6.6,"max_ms":9.0,'
    '"refused":0,"broken":0}'
)


def test_the_outcome_is_found_among_what_wrk_prints_itself() -> None:
    printed = f"Running 2s test @ http://127.0.0.1:1/\n  1 threads\n{LINE}\n"
    assert wrk.read(printed) == wrk.Outcome(12_000, 2.0, 4.5, 6.6, 9.0, 0, 0)


def test_no_outcome_is_a_failure() -> None:
    with pytest.raises(wrk.WrkFailed):
        wrk.read("unable to connect\n")


def test_a_machine_without_wrk_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(wrk.WrkMissing, match="apt-get install wrk"):
        wrk.require()
