"""Google's analyser accepts every SQL text in documents and Python; the search finds all texts."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from functions.warehouse.days import each_day
from functions.warehouse.schema import OPEN_WINDOW_DAYS, list_views
from googlesql.analyser import of_warehouse
from tests.googlesql import documents, literals
from tests.googlesql.texts import SQL_TEXT, WAREHOUSE, Text, of_statements

PAGES, MODULES = documents.pages(), literals.modules()
TEXTS = [text for page in PAGES for text in documents.of_page(page)]
TEXTS += [text for module in MODULES for text in literals.of_module(module)]
BEGINNING = re.compile(
    r"\b(?:SELECT(?: DISTINCT)? [*\w'(]+|SELECT$|INSERT INTO\b|UPDATE \w+ SET \w+|DELETE FROM \w+"
    r"|MERGE INTO \w+|(?:UNDROP|CREATE|DROP|ALTER) (?:SCHEMA|TABLE|PROJECT)\b)",
    re.MULTILINE,
)
"""Matches the beginnings by which a reader recognises SQL in any source."""


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.place)
def test_a_text_is_accepted(text: Text) -> None:
    resolved = of_warehouse(WAREHOUSE, text.default, copies=True).analyse(text.sql, text.parameters)
    assert resolved.parameters == set(text.parameters)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_text_of_a_page_is_left_out(page: Path) -> None:
    whole = page.read_text("utf-8")
    found = "\n".join(text.sql for text in documents.of_page(page))
    for block in documents.FENCE.findall(whole):
        for beginning in BEGINNING.findall(block[2]):
            assert beginning in found, (page, beginning)
    for span in documents.SPAN.findall(documents.FENCE.sub("", whole)):
        if BEGINNING.match(span) and " FROM " in span:
            assert span in found, (page, span)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_text_of_a_module_is_left_out(module: Path) -> None:
    found = "\n".join(text.sql for text in literals.of_module(module))
    for line in module.read_text("utf-8").splitlines():
        quoted = re.match(r"\s*(?:\w+ = )?\(?f?\"{1,3}(.*)", line)
        if quoted and SQL_TEXT.match(quoted[1]) and BEGINNING.match(quoted[1]):
            assert BEGINNING.findall(quoted[1])[0] in found, (module, line)


def test_the_model_of_dbt_replaces_the_days_that_it_reads() -> None:
    page = (documents.ROOT / "docs" / "queries.md").read_text("utf-8")
    [model] = [block[2] for block in documents.FENCE.findall(page) if block[1] == "jinja"]
    sql, settings = documents.dbt_model(model, is_incremental=True)
    days = each_day(date(2026, 11, 22) - timedelta(days=OPEN_WINDOW_DAYS + 1), date(2026, 11, 22))
    assert sorted(settings["partitions"]) == [f"'{day}'" for day in days]
    assert f"WHERE received_at >= '{days[0]}'" in sql
    assert settings["incremental_strategy"] == "insert_overwrite"
    assert settings["partition_by"] == {"field": "day", "data_type": "date"}
    assert "WHERE" not in documents.dbt_model(model, is_incremental=False)[0]


def test_the_search_finds_known_texts() -> None:
    places = [re.split(r"[: ]", text.place)[0] for text in TEXTS]
    least = {
        "README.md": 1,
        "docs/operations.md": 15,
        "docs/privacy.md": 1,
        "docs/queries.md": 24,
        "docs/real-cloud.md": 3,
        "terraform/README.md": 1,
        "local/report.py": 6,
        "local/demonstration.py": 1,
        "verify/rows.py": 1,
        "verify/views.py": 1,
    }
    assert {
        place: places.count(place) for place in least if places.count(place) < least[place]
    } == {}


def test_every_file_of_sql_is_recognised_as_sql() -> None:
    files = [view.query for view in list_views()] + [text.sql for text in of_statements()]
    assert [text for text in files if not SQL_TEXT.match(text)] == []


PAGE = """
Say `SELECT event FROM events`, never `SELECT *`.

```sql
SELECT 1 AS one;
```

1. First:

   ```
   echo not SQL
   bq query --use_legacy_sql=false \\
     'SELECT 2 AS two' # a comment
   $BQ <<SQL
   SELECT 3 AS $CELL
   SQL
   python -m local query "SELECT 4 AS \\`four\\`" --json
   ```
"""


def test_a_new_text_of_a_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert [text.sql for text in documents.of_page(page)] == [
        "SELECT 1 AS one",
        "SELECT 2 AS two",
        "SELECT 3 AS eu",
        "SELECT 4 AS `four`",
        "SELECT event FROM events",
    ]


MODULE = '''"""SELECT nothing FROM a_docstring."""
QUERY = """
SELECT 1
FROM events
"""
def of(store: str) -> str:
    """DELETE FROM nothing."""
    return run(f"DELETE FROM {store}.events_v1 WHERE "
        "ingest_id = @ingest_id"), "SELECT", "select one"
'''


def test_a_new_text_of_a_module_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(literals, "ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(MODULE)
    found = {text.sql.strip(): dict(text.parameters) for text in literals.of_module(module)}
    assert found == {
        "SELECT 1\nFROM events": {},
        "DELETE FROM chat_eu_store.events_v1 WHERE ingest_id = @ingest_id": {"ingest_id": "STRING"},
    }
    module.write_text('f"SELECT x FROM {unheard_of}"')
    with pytest.raises(KeyError, match="unheard_of"):
        list(literals.of_module(module))
