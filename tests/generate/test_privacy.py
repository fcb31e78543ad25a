"""The generated parts of docs/privacy.md, and the periods in its picture, agree with the code."""

from pathlib import Path

import pytest

from functions.privacy import periods
from functions.privacy.inventory import list_inventory
from functions.warehouse.schema import RETENTION_DAYS
from generate import privacy
from generate.__main__ import ROOT

PARTS = "".join(
    f"<!-- generated: {name} -->\nSTALE\n<!-- end -->\n\nBy hand.\n"
    for name in ("data inventory", "retention", "remains")
)


def page(tmp_path: Path, text: str) -> str:
    (tmp_path / "docs").mkdir()
    (tmp_path / privacy.PATH).write_text(text)
    return privacy.render(tmp_path)[privacy.PATH]


def test_parts_are_written_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    text = page(tmp_path, PARTS)

    assert "STALE" not in text
    assert text.count("By hand.") == 3
    assert "| `identities_v1.nickname` | the name in the chat | ids, nicknames |" in text
    assert "| `exports/` in the bucket | 1 day | export |" in text
    assert "| the live data of the person is erased | the request | 30 days |" in text
    assert "| Google has no copy, at the latest | the request | 39 days |" in text


def test_every_place_is_in_both_tables(tmp_path: Path) -> None:
    inventory, retention, _ = page(tmp_path, PARTS).split("By hand.")[:3]

    for holding in list_inventory():
        for part in (inventory, retention):
            assert f"`{holding.place}`" in part or holding.kind == "logs", holding.place


@pytest.mark.parametrize("text", [PARTS.replace("remains", "rest"), PARTS + PARTS, ""])
def test_a_page_without_its_parts_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="generated parts"):
        page(tmp_path, text)


def test_without_a_page_there_is_nothing_to_write(tmp_path: Path) -> None:
    assert privacy.render(tmp_path) == {}


def test_the_picture_has_the_periods_of_the_data_inventory() -> None:
    picture = (ROOT / "docs" / "privacy-flow.svg").read_text()

    for told in (
        f">{periods.SUBSCRIPTION.days} days at most<",
        f">{periods.RETAINED.days} or {periods.UNREADABLE.days} days<",
        f">{periods.DEAD_LETTERS.days} days<",
        f">{RETENTION_DAYS} days<",
    ):
        assert told in picture, told
