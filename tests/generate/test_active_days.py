"""`make generate` writes the lists of acts in the statement that refreshes active days."""

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.events.catalogue import SOURCE, parse
from generate import active_days
from generate.__main__ import ROOT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    return tmp_path


@pytest.fixture
def source() -> Any:
    return copy.deepcopy(yaml.load(SOURCE.read_bytes(), Loader=yaml.CSafeLoader))


def named(source: Any, name: str) -> Any:
    [event] = [
        event
        for section in source["sections"]
        for event in section["events"]
        if event["name"] == name
    ]
    return event


def test_one_edit_of_the_catalogue_reaches_the_statement(root: Path, source: Any) -> None:
    named(source, "la_opened")["acts"].append("opened")
    [text] = active_days.render(parse(source), root).values()
    lines = " ".join(text.split())
    opened = "COALESCE( events.event IN ( 'room_opened', 'la_opened' ), FALSE ) AS has_opened,"
    assert opened in lines
    assert "COALESCE(events.event = 'la_opened', FALSE) AS has_asked," in lines


def test_an_act_without_an_event_is_refused(root: Path, source: Any) -> None:
    named(source, "la_opened")["acts"].remove("asked")
    with pytest.raises(ValueError, match="no event of the catalogue has the act 'asked'"):
        active_days.render(parse(source), root)


def test_an_act_without_a_column_is_refused(source: Any) -> None:
    named(source, "la_opened")["acts"].append("slept")
    with pytest.raises(ValueError, match=r"acts\.1"):
        parse(source)


def test_an_event_of_a_room_is_not_an_act(source: Any) -> None:
    source["room"]["events"][0]["acts"] = ["opened"]
    with pytest.raises(ValueError, match="a room event is not an act of a person"):
        parse(source)


def test_the_acts_are_columns_of_the_table(root: Path, source: Any) -> None:
    [text] = active_days.render(parse(source), root).values()
    inserted = text.split("INSERT (")[1].split(")")[0]
    acts = [f"has_{act}" for act in ("sent", "opened", "taken_part", "asked", "accepted")]
    assert ", ".join(acts) in " ".join(inserted.split())
