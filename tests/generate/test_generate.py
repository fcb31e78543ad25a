import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot import exp

from functions.events.catalogue import SOURCE, Catalogue, load_catalogue, parse, snake_case
from generate import samples, schema, views
from generate.__main__ import ROOT, drifted, main, render, write

TEMPLATE_VARIABLE = re.compile(r"\$\{bi\}")


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return render(load_catalogue(), ROOT)


@pytest.fixture(scope="module")
def bi_views(files: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if re.match(r"sql/bi/.*\.sql", path)}


def _extended(*properties: dict[str, Any], name: str = "new_event") -> Catalogue:
    source = copy.deepcopy(yaml.load(SOURCE.read_bytes(), Loader=yaml.CSafeLoader))
    event = {"name": name, "description": "New.", "properties": list(properties)}
    source["sections"][-1]["events"].append(event)
    return parse(source)


def _property(name: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "description": "It.", "examples": ["x"]}


def test_committed_files_have_not_drifted(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--check"])
    assert capsys.readouterr().err == ""
    assert status == 0


def test_check_names_each_drifted_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sql/bi").mkdir(parents=True)
    (tmp_path / "sql/bi/events.sql").write_text("-- grain: one row per event\n-- All.\n", "utf-8")
    assert main([], tmp_path) == 0
    (tmp_path / "sql/bi/events/event_la_opened.sql").write_text("SELECT 1", "utf-8")
    (tmp_path / "docs/samples/la_opened.json").unlink()
    (tmp_path / "sql/bi/events/event_gone.sql").touch()
    (tmp_path / "sql/bi/events/event_gone.json").touch()
    assert main(["--check"], tmp_path) == 1
    assert [line.split(" ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "sql/bi/events/event_la_opened.sql",
        "docs/samples/la_opened.json",
        "sql/bi/events/event_gone.sql",
        "sql/bi/events/event_gone.json",
    ]
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert not (tmp_path / "sql/bi/events/event_gone.sql").exists()
    assert (tmp_path / "sql/bi/events.sql").exists()


def test_one_edit_of_the_catalogue_reaches_every_file(tmp_path: Path) -> None:
    write(render(load_catalogue(), tmp_path), tmp_path)
    changed = render(_extended(_property("shade")), tmp_path)
    assert sorted(drifted(changed, tmp_path)) == [
        "docs/data-dictionary.md",
        "docs/samples/new_event.json",
        "functions/events/names.json",
        "sql/bi/events.json",
        "sql/bi/events/event_new_event.json",
        "sql/bi/events/event_new_event.sql",
        "sql/store/events_v1.json",
    ]


def test_table_has_the_agreed_columns() -> None:
    table = json.loads(schema.render(load_catalogue())[schema.PATH])
    columns = {column["name"]: column for column in table.pop("schema")}
    assert table == {
        "description": table["description"],
        "partition_by": "received_at",
        "expires": True,
        "require_partition_filter": True,
        "clustering": ["project", "event", "room_id"],
        "people": {"room.speakers": "pseudonym", "user_key": "pseudonym", "extra": "unknown"},
    }
    assert " ".join(columns) == (
        "ingest_id delivery_id received_at stored_at kind partner project event catalogued room_id "
        "user_key occurred_at platform source screen_size browser os device_type properties room "
        "flags extra"
    )
    assert [name for name, column in columns.items() if column["mode"] == "REQUIRED"] == [
        "ingest_id",
        "delivery_id",
        "received_at",
        "stored_at",
        "kind",
        "partner",
        "catalogued",
    ]
    properties = {field["name"]: field for field in columns["properties"]["fields"]}
    assert (properties["answer"]["type"], properties["answer"]["mode"]) == ("STRING", "REPEATED")
    assert (properties["speed"]["type"], properties["speed"]["mode"]) == ("FLOAT", "NULLABLE")
    room = {field["name"]: field for field in columns["room"]["fields"]}
    assert (room["speakers"]["type"], room["speakers"]["mode"]) == ("STRING", "REPEATED")
    assert room["start_time"]["type"] == "TIMESTAMP"
    for column in (*columns.values(), *properties.values(), *room.values()):
        assert 0 < len(column["description"]) <= schema.DESCRIPTION_LIMIT


def test_common_property_needs_a_place_in_the_table() -> None:
    source = copy.deepcopy(yaml.load(SOURCE.read_bytes(), Loader=yaml.CSafeLoader))
    source["common"].append(_property("mood"))
    with pytest.raises(ValueError, match="no column for mood"):
        schema.columns(parse(source))


def test_description_too_long_for_bigquery_is_refused() -> None:
    long = _property("essay") | {"description": "x" * 1025}
    with pytest.raises(ValueError, match=r"essay: .* too long"):
        schema.columns(_extended(long))


def test_each_event_has_a_view_of_its_own(bi_views: dict[str, str]) -> None:
    assert len(bi_views) == 62
    for event in load_catalogue().events:
        sql = bi_views[f"sql/bi/events/{event.view}.sql"]
        assert sql.startswith(f"-- grain: one row per {event.name} event\n")
        statement = sqlglot.parse_one(TEMPLATE_VARIABLE.sub("local.chat_eu", sql), read="bigquery")
        assert isinstance(statement, exp.Select)
        own = [prop.column for prop in event.properties]
        assert statement.named_selects == [*views.COMMON_COLUMNS, *own]
        names = {literal.this for literal in statement.args["where"].find_all(exp.Literal)}
        assert names == {"chat", event.name}


def test_views_show_nobody_and_nothing_unknown(bi_views: dict[str, str]) -> None:
    hidden = re.compile(r"^ +.*\b(user_id|nickname|extra|speakers|user_agent)\b", re.MULTILINE)
    assert not [path for path, sql in bi_views.items() if hidden.search(sql)]


def test_files_for_templates_use_known_variables_only(files: dict[str, str]) -> None:
    for path, text in files.items():
        if path.startswith(("sql/bi/", "sql/store/")):
            assert "$" not in TEMPLATE_VARIABLE.sub("", text), path
            assert "%{" not in text, path


def test_reserved_words_are_quoted_in_views() -> None:
    sql = views.render(_extended(_property("group")))["sql/bi/events/event_new_event.sql"]
    assert "properties.`group` AS `group`" in sql


def test_every_column_of_a_view_is_described(files: dict[str, str]) -> None:
    described = {
        path: text
        for path, text in files.items()
        if path.startswith("sql/bi/") and path.endswith(".json")
    }
    assert len(described) == 62 + 1
    for path, text in described.items():
        columns = json.loads(text)
        assert all(column["description"] for column in columns), path
        assert {column["mode"] for column in columns} <= {"NULLABLE", "REPEATED"}, path
        query = files.get(path.replace(".json", ".sql")) or (ROOT / "sql/bi/events.sql").read_text()
        statement = sqlglot.parse_one(query.replace("${", "").replace("}", ""), read="bigquery")
        assert isinstance(statement, exp.Select)
        assert statement.named_selects == [column["name"] for column in columns], path


@pytest.mark.parametrize("column", ["os", "flags", "user_key"])
def test_property_may_not_be_called_like_a_column_of_every_view(column: str) -> None:
    with pytest.raises(ValueError, match=f"{column} cannot be a column"):
        views.render(_extended(_property(column)))


def test_samples_are_payloads_of_every_event() -> None:
    catalogue = load_catalogue()
    files = samples.render(catalogue)
    events = (*catalogue.events, *catalogue.room_events)
    assert len(files) == len(events) == 62 + 4
    for event in events:
        body = json.loads(files[f"docs/samples/{snake_case(event.name)}.json"])
        assert body["event"] == event.name
        assert body["value"]["project"] == "dev"
        assert {prop.sent_as for prop in event.properties} <= set(body["value"])
        assert {snake_case(name) for name in body["value"]} <= set(event.lookup)


def test_documented_example_is_a_sample() -> None:
    text = samples.render(load_catalogue())["docs/samples/following_filter_toggle.json"]
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "event": "following_filter_toggle",
        "value": {
            "event_id": "test_33",
            "screen_size": "2056x1164",
            "platform": "none",
            "platformUserAgent": "",
            "source": "room",
            "status": "on",
            "project": "dev",
            "user_id": "454334341212",
            "nickname": "Andy",
        },
    }


def test_dictionary_explains_every_event_property_and_table(files: dict[str, str]) -> None:
    text = files["docs/data-dictionary.md"]
    catalogue = load_catalogue()
    for event in catalogue.events:
        assert f"### `{event.name}`\n\nView `{event.view}`. {event.description}" in text
        for prop in event.properties:
            assert f"| `{prop.sent_as}` " in text
    for table in ROOT.glob("sql/store/*.json"):
        assert f"### `{table.stem}`\n" in text


def test_cells_of_the_dictionary_survive_a_pipe(tmp_path: Path) -> None:
    either = _property("either") | {"examples": ["a|b"]}
    assert "`a\\|b`" in render(_extended(either), tmp_path)["docs/data-dictionary.md"]
