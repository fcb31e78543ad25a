"""The variables of a cell are read from a file of Terraform variables."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from costs.deployment import Cell, UnknownCell, read_cell

EU: dict[str, Any] = {"region": "europe-west1", "cmek": True, "min_instances": {"receive": 1}}
US: dict[str, Any] = {"region": "us-east1", "gdpr": False, "log_retention_days": 90}
PARTNERS = {
    "acme": {
        "projects": {"dev": {"cell": "eu"}},
        "subscriptions": {
            "backend": {"cell": "eu", "endpoint": "https://acme.example/", "country": "DE"},
            "abroad": {"cell": "us", "endpoint": "https://acme.example/", "country": "US"},
        },
    },
    "rival": {"projects": {}},
}


def write(folder: Path, **variables: Any) -> Path:
    file = folder / "terraform.tfvars.json"
    file.write_bytes(msgspec.json.encode(variables))
    return file


def test_a_cell_has_its_own_variables(tmp_path: Path) -> None:
    file = write(tmp_path, cells={"eu": EU, "us": US}, partners=PARTNERS, retention_days=300)
    assert read_cell(file, "eu") == Cell(
        300, cmek=True, min_instances={"receive": 1}, subscriptions=1
    )
    assert read_cell(file, "us") == Cell(300, log_retention_days=90, subscriptions=1)


def test_the_only_cell_needs_no_name(tmp_path: Path) -> None:
    assert read_cell(write(tmp_path, project_id="p", cells={"eu": {}}), "") == Cell()


@pytest.mark.parametrize("name", ["", "asia"])
def test_an_unknown_cell_is_refused_and_the_error_names_the_existing_ones(
    tmp_path: Path, name: str
) -> None:
    file = write(tmp_path, cells={"eu": EU, "us": US})
    with pytest.raises(UnknownCell, match="eu, us"):
        read_cell(file, name)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_cell(write(tmp_path, cells={"eu": {"cmek": "yes"}}), "")
