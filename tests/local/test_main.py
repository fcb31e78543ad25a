"""The command line of the embedded cell refuses wrong arguments before it does anything."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from local.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["simulate", "--events", "0"], "--events"),
        (["simulate", "--events", "-5"], "--events"),
        (["simulate", "--users", "0"], "--users"),
        (["simulate", "--days", "0"], "--days"),
        (["simulate", "--days", "400"], "--days"),
        (["simulate", "--rate", "-1"], "--rate"),
        (["simulate", "--record", "not/a/folder/record.ndjson"], "--record"),
        (["run", "--events", "0"], "--events"),
        (["up", "--port-base", "80"], "--port-base"),
    ],
)
def test_a_number_out_of_range_is_refused(arguments: list[str], option: str) -> None:
    said = CliRunner().invoke(main, arguments)

    assert said.exit_code == 2
    assert f"Invalid value for '{option}'" in said.output


def test_without_a_cell_it_says_how_to_start_one(tmp_path: Path) -> None:
    said = CliRunner(env={"TMPDIR": str(tmp_path)}).invoke(
        main, ["query", "SELECT 1", "--port-base", "65000"]
    )

    assert said.exit_code == 1
    assert "no cell runs at port base 65000; start one with: python -m local up" in said.output
