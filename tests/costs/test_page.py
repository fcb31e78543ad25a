"""The pages have the model's figures, and the command prints them."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from costs import page
from costs.__main__ import main
from costs.dollars import Line
from costs.figures import figures
from costs.jobs import JOBS

PAGE = (page.ROOT / page.COSTS).read_text("utf-8")


def test_the_pages_are_up_to_date() -> None:
    """If this fails, run `make costs COSTS=--write`."""
    for path, content in page.render(figures()).items():
        assert (page.ROOT / path).read_text("utf-8") == content, path


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.01048576, "0.01"), (0.256, "0.26"), (2.5, "2.5"), (3.0, "3"), (98.76, "98.8"),
     (119_424, "119,000"), (100, "100")],
)  # fmt: skip
def test_a_number_is_short(value: float, shown: str) -> None:
    assert page.number(value) == shown


def test_the_command_computes_a_volume_and_its_variables(tmp_path: Path) -> None:
    file = tmp_path / "terraform.tfvars.json"
    file.write_bytes(msgspec.json.encode({"cells": {"eu": {"cmek": True}}}))
    ran = CliRunner().invoke(main, ["--events", "1e8", "--variables", str(file), "--json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.output)
    assert found["dollars"]["Keys"] == 0.06
    assert found["total"] == pytest.approx(sum(found["dollars"].values()), abs=0.01)
    read = found["jobs"]["refresh each night"]
    assert read["runs_a_month"] == 30
    assert read["bytes"] == pytest.approx(figures().jobs["refresh each night"][1] * 1e9, rel=1e-6)


def test_the_command_prints_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("costs.__main__.JOBS", JOBS[:1])
    monkeypatch.setattr("costs.__main__.bill", lambda *_: [Line("Pub/Sub", 1, 2.5)])
    ran = CliRunner().invoke(main, ["--events", "2e6"])
    assert ran.exit_code == 0, ran.output
    assert "Dollars a month at 2,000,000 events" in ran.output
    assert "2.50" in ran.output
    assert "refresh each night" in ran.output


def test_the_command_explains_an_error_in_the_variables(tmp_path: Path) -> None:
    file = tmp_path / "terraform.tfvars.json"
    file.write_text('{"cells": {"eu": {}, "us": {}}}')
    ran = CliRunner().invoke(main, ["--variables", str(file)])
    assert ran.exit_code == 1
    assert "name one of the cells eu, us" in ran.output


def test_the_command_checks_the_bars() -> None:
    assert CliRunner().invoke(main, ["--bars"]).exit_code == 0


def test_every_option_is_on_the_page() -> None:
    for option in main.params:
        assert f"`{option.opts[0]}`" in PAGE, option.opts
