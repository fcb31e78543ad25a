"""Finds the SQL texts in the documentation, as a shell would give them to BigQuery."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2

from tests.googlesql.texts import BI, PROJECT, SQL_TEXT, STORE, Text

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
QUERY = re.compile(r"^(?:\$BQ\b|bq\b.*\bquery\b|\S*python\d* -m local query\b)", re.DOTALL)
"""Matches commands that give BigQuery a text: the last argument, or a here-document."""
SETTING = re.compile(r"^\w+=")
HERE = re.compile(r"<<'?(\w+)'?$")
KEYS = re.compile(r"^\| `(\w+_v1)` \| `([a-z_, ]+)` \|", re.MULTILINE)
"""Matches a line of the table in docs/operations.md with the key columns of each table."""
VALUES = {
    "PROJECT": PROJECT,
    "CELL": "eu",
    "REGION": "europe-west1",
    "STORE": STORE,
    "ERASURE_ID": "01940000-0000-7000-8000-000000000000",
}
"""The values of the shell variables on the pages; a test fails for any other variable."""
TELL = """
tell() {
  local told="" each
  for each in "${@:2}"; do [[ "$each" == -* ]] || told="$each"; done
  if [ -n "$told" ]; then printf '%s' "$told"; else cat; fi
}
"""
"""A shell function that prints its last argument that is not an option, or its standard input."""


def pages() -> list[Path]:
    """Return all pages in Markdown, without those of installed packages."""
    return [
        ROOT / "README.md",
        *sorted(
            page
            for folder in ("docs", "terraform", "examples", ".github")
            for page in (ROOT / folder).rglob("*.md")
            if ".terraform" not in page.parts
        ),
    ]


def of_page(page: Path) -> Iterator[Text]:
    """Yield the SQL texts of a page: blocks, commands, and inline code that is a whole query."""
    whole = page.read_text("utf-8")
    name = page.relative_to(ROOT).as_posix()
    for found in FENCE.finditer(whole):
        place = f"{name}:{whole[: found.start()].count(chr(10)) + 1}"
        if found[2] == "sql":
            yield Text(place, found[3].strip().removesuffix(";"), default=BI)
        elif found[2] == "jinja":
            for is_incremental in (False, True):
                sql, _ = dbt_model(found[3], is_incremental=is_incremental)
                yield Text(f"{place} incremental={is_incremental}", sql, default=BI)
        else:
            settings = _settings(whole)
            for command in commands(found[3]):
                if QUERY.match(command):
                    yield from _given(place, command, settings, dict(KEYS.findall(whole)))
    for found in SPAN.finditer(FENCE.sub(lambda block: "\n" * block[0].count("\n"), whole)):
        if SQL_TEXT.match(found[1]):
            yield Text(f"{name}: {found[1][:40]}", found[1], default=BI)


def dbt_model(text: str, *, is_incremental: bool) -> tuple[str, dict[str, Any]]:
    """Render a dbt model of a page as dbt would; return the query and the model's configuration.

    The names that the model uses are those of dbt's documentation
    (https://docs.getdbt.com/reference/dbt-jinja-functions).
    """
    settings: dict[str, Any] = {}

    def config(**given: Any) -> str:
        settings.update(given)
        return ""

    template = jinja2.Environment(  # noqa: S701 (dbt writes SQL, not HTML)
        extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined
    ).from_string(text)
    sql = template.render(
        config=config,
        is_incremental=lambda: is_incremental,
        source=lambda _source, table: f"`{PROJECT}.{BI}.{table}`",
        run_started_at=datetime(2026, 11, 22, 23, 59, tzinfo=UTC),
        modules=SimpleNamespace(datetime=SimpleNamespace(timedelta=timedelta)),
    )
    return sql.strip(), settings


def commands(block: str) -> Iterator[str]:
    """Yield the commands of a shell script, each with all of its lines."""
    lines = iter(block.splitlines())
    for line in lines:
        command = line.strip()
        while not _is_whole(command):
            command += f"\n{next(lines)}"
        if here := HERE.search(command):
            for inner in lines:
                command += f"\n{inner.strip() if inner.strip() == here[1] else inner}"
                if inner.strip() == here[1]:
                    break
        yield command


def _is_whole(command: str) -> bool:
    if command.endswith("\\"):
        return False
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return True


def _settings(page: str) -> list[str]:
    """Return the commands of a page that set a variable to a part of SQL."""
    return [
        command
        for found in FENCE.finditer(page)
        for command in commands(found[3])
        if SETTING.match(command) and not command.startswith("BQ=") and "$(" not in command
    ]


def _given(
    place: str, command: str, settings: list[str], keys: Mapping[str, str]
) -> Iterator[Text]:
    """Yield the texts that a command gives to BigQuery, one for each table if it has a variable."""
    default = STORE if command.startswith("$BQ") else ""
    default = BI if "-m local query" in command else default
    conditions = list(_conditions(settings))
    for table, key in keys.items() if "$TABLE" in command else [("events_v1", "")]:
        is_bound = table.endswith("events_v1")
        bound = "received_at >= TIMESTAMP '2020-01-01'" if is_bound else "TRUE"
        values = VALUES | {"TABLE": table, "KEY": key, "BOUND": bound}
        fitting = ["ONLY=TRUE", *(text for of, text in conditions if of == table)]
        for only in fitting if "$ONLY" in command else [""]:
            people = [each for each in settings if each.startswith("OF=")]
            sql = _by_shell(command, [*people, only], values)
            yield Text(f"{place} {table} {only[:30]}".rstrip(), sql, default=default)


def _conditions(settings: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each setting of the variable ONLY, with the table that the page sets before it."""
    table = ""
    for each in settings:
        if chosen := re.match(r"TABLE=(\w+)", each):
            table = chosen[1]
        elif each.startswith("ONLY="):
            yield table, each


def _by_shell(command: str, settings: list[str], values: Mapping[str, str]) -> str:
    """Let a shell fill in the variables of a command, without running the command."""
    given = QUERY.sub("tell tell", command, count=1)
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-eu", "-c", "\n".join((TELL, *settings, given))],
        env={"PATH": os.environ["PATH"], **values},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.strip()
