"""A secret with many partners has the demo partner, and pairs are compared one by one."""

import json
from pathlib import Path

import pytest

from functions.acceptance.partners import Directory
from local.cell import PARTNER
from local.secret_files import prepare_secrets
from tests.bench.partners import FEW, MANY, compare, secret


@pytest.mark.parametrize("count", [FEW, MANY])
def test_a_secret_has_so_many_partners(tmp_path: Path, count: int) -> None:
    token = prepare_secrets(tmp_path)
    written = secret((tmp_path / "partners.json").read_bytes(), count)
    assert len(json.loads(written)["partners"]) == count
    directory = Directory.from_json(written)
    assert directory.faults == []
    found = directory.find(token)
    assert found is not None
    assert found[0] == PARTNER


def test_the_bar_is_on_the_median_of_the_ratios() -> None:
    same = compare([10, 20, 30], [10, 20.2, 60])
    assert same.ratio == pytest.approx(1.01)
    assert same.pairs == 3
    assert same.holds
    assert not compare([10], [10.3]).holds
