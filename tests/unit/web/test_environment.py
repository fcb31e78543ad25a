"""Settings are read from environment variables."""

from pathlib import Path

import msgspec
import pytest

from functions.web.environment import read


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    cell: str
    keys: Path
    limit: int = 7
    seconds: float = 1.5


REQUIRED = {"CELL": "eu", "KEYS": "/k"}


def test_variables_are_named_as_the_fields_in_capitals() -> None:
    read_settings = read(Settings, REQUIRED | {"LIMIT": "9", "SECONDS": "2", "cell": "x", "X": "y"})
    assert read_settings == Settings(cell="eu", keys=Path("/k"), limit=9, seconds=2.0)


def test_a_variable_that_is_unset_or_empty_means_the_default() -> None:
    assert read(Settings, REQUIRED | {"LIMIT": ""}) == Settings(cell="eu", keys=Path("/k"))


@pytest.mark.parametrize("cell", [{}, {"CELL": ""}])
def test_a_missing_variable_is_named(cell: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^setting CELL is missing$"):
        read(Settings, {"KEYS": "/k"} | cell)


def test_a_malformed_variable_is_named_without_its_value() -> None:
    with pytest.raises(ValueError, match=r"^setting LIMIT must be int$"):
        read(Settings, REQUIRED | {"LIMIT": "secret"})
