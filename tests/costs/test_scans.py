"""A statement reads the partitions and columns that the rules in ``rules.yaml`` say."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from costs.bounds import Constants
from costs.scans import Read, reads
from costs.statements import WAREHOUSE, analyser, days_read, view_of
from costs.volume import Volume
from functions.warehouse.schema import render

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
PARAMETERS = {
    "first": datetime(2026, 11, 28, tzinfo=UTC),
    "end": datetime(2026, 11, 30, tzinfo=UTC),
}
RULES = yaml.safe_load(Path(__file__).with_name("rules.yaml").read_text())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["rule"]))
def test_a_rule_holds(rule: dict[str, Any]) -> None:
    found = scans_of(rule["sql"])
    assert sorted(shown(read) for read in found) == sorted(rule["reads"])
    if "columns" in rule:
        assert {name for read in found for name in read.columns} == set(rule["columns"])


def scans_of(sql: str) -> list[Read]:
    text = render(sql, WAREHOUSE.variables())
    kinds = dict.fromkeys(re.findall(r"@(\w+)", text), "TIMESTAMP")
    resolved = analyser().resolve(text, kinds)[1]
    return reads(resolved, Constants(NOW, PARAMETERS), view_of(215))


def shown(read: Read) -> str:
    days = days_read(read, Volume(1e6), NOW)
    return f"{read.table} {days}{' rewritten' if read.rewrites else ''}"


def test_every_rule_is_there_once() -> None:
    names = [rule["rule"] for rule in RULES]
    assert len(names) == len(set(names)) > 40
