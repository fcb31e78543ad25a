"""Writes the statements that count and delete a partner's rows, from the data inventory.

A legal hold keeps some rows (`functions.privacy.inventory.OnHold`). For each kind of hold, this
module has a condition for counting (`_ON_HOLD`, `_JOINS`) and one for deleting (`_EXCEPT`). The two
must agree, because an offboarding ends when it counts no rows that may be deleted.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from functions.privacy.inventory import StoreTable, partner_tables
from functions.warehouse.schema import TableSchema, list_tables
from generate.parts import notice

FOLDER = "sql/privacy"
DELETE = "delete_partner_"
COUNT = "count_partner_rows"
PARAMETERS = "sql/parameters.json"
HEADER = f"-- {notice('functions/privacy/inventory.py')}\n"

_TYPES = {"now": "TIMESTAMP", "partner": "STRING", "since": "TIMESTAMP"}

_COUNT_HEADER = """\
-- Counts a partner's rows by table: all of them, and those that a legal hold keeps.
--
-- Tables without rows of the partner are left out. One statement counts all tables, so all counts
-- are of the same moment. A hold applies to the rows of its project, even if another partner had
-- the project before.
WITH
people_on_hold AS (
  SELECT DISTINCT project, user_key
  FROM `${store}.holds_v1`
  WHERE
    released_at IS NULL
    AND until > @now
),

rooms_on_hold AS (
  SELECT DISTINCT events.delivery_id
  FROM `${store}.room_events_v1` AS events
  CROSS JOIN
    UNNEST(IF(events.user_key IS NULL, events.room.speakers, [events.user_key])) AS person_key
  INNER JOIN people_on_hold
    ON
      events.project = people_on_hold.project
      AND person_key = people_on_hold.user_key
  WHERE
    events.received_at >= @since
    AND events.partner = @partner
)

"""

_ON_HOLD = {
    "none": "0",
    "person": "COUNT(people_on_hold.user_key)",
    "room": "COUNT(rooms_on_hold.delivery_id)",
    "hold": "COUNTIF(released_at IS NULL AND until > @now)",
}

_JOINS = {
    "person": """\
LEFT JOIN people_on_hold
  ON
    {alias}.project = people_on_hold.project
    AND {alias}.user_key = people_on_hold.user_key
""",
    "room": "LEFT JOIN rooms_on_hold ON {alias}.delivery_id = rooms_on_hold.delivery_id\n",
}

_DELETE = "DELETE FROM `${{store}}.{name}`{alias}\n"

_COMMENTS = {
    "none": "-- Deletes a partner's rows.\n",
    "person": "-- Deletes a partner's rows, except those of people on legal hold.\n",
    "room": """\
-- Deletes a partner's room events, except those that a legal hold keeps: those of a person on hold,
-- and those of rooms with such a person as a speaker.
""",
    "hold": "-- Deletes a partner's legal holds that are released or over.\n",
}

_EXCEPT = {
    "none": "",
    "person": """\
  AND NOT EXISTS (
    SELECT 1
    FROM `${{store}}.holds_v1` AS holds
    WHERE
      holds.project = {alias}.project
      AND holds.user_key = {alias}.user_key
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
""",
    "room": """\
  AND delivery_id NOT IN (
    SELECT kept.delivery_id
    FROM `${{store}}.{name}` AS kept
    CROSS JOIN
      UNNEST(IF(kept.user_key IS NULL, kept.room.speakers, [kept.user_key])) AS person_key
    INNER JOIN `${{store}}.holds_v1` AS holds
      ON
        kept.project = holds.project
        AND person_key = holds.user_key
    WHERE
      kept.received_at >= @since
      AND kept.partner = @partner
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
""",
    "hold": """\
  AND (
    released_at IS NOT NULL
    OR until <= @now
  )
""",
}


def render(root: Path) -> dict[str, str]:
    """Return the content of the statements and of ``sql/parameters.json``, by path.

    In ``sql/parameters.json``, only the parameters of these statements are replaced. If the file
    does not exist, the result is empty.

    Raises:
        KeyError: a table of the inventory has no file in ``sql/store``.
    """
    declared = root / PARAMETERS
    if not declared.is_file():
        return {}
    schemas = {schema.name: schema for schema in list_tables(root / "sql")}
    tables = [(table, schemas[table.name]) for table in partner_tables()]
    statements = {
        f"{DELETE}{table.name}": HEADER + _delete(table, schema) for table, schema in tables
    } | {COUNT: HEADER + _count(tables)}
    return {
        **{f"{FOLDER}/{name}.sql": text for name, text in statements.items()},
        PARAMETERS: _parameters(declared.read_text("utf-8"), statements),
    }


def _delete(table: StoreTable, schema: TableSchema) -> str:
    alias, column = _alias(table), ""
    named = ""
    if table.on_hold == "person":
        column, named = f"{alias}.", f" AS {alias}"
    conditions = "".join(f"  AND {condition}\n" for condition in _conditions(schema, column))
    conditions += _EXCEPT[table.on_hold].format(alias=alias, name=table.name)
    target = _DELETE.format(name=table.name, alias=named)
    return f"{_COMMENTS[table.on_hold]}{target}WHERE\n{_without_first_and(conditions)}"


def _count(tables: list[tuple[StoreTable, TableSchema]]) -> str:
    selects = "UNION ALL\n".join(_count_one(table, schema) for table, schema in tables)
    return f"{_COUNT_HEADER}{selects}ORDER BY place\n"


def _count_one(table: StoreTable, schema: TableSchema) -> str:
    alias, join = _alias(table), _JOINS.get(table.on_hold, "")
    conditions = list(_conditions(schema, f"{alias}." if join else ""))
    where = f"WHERE {conditions[0]}\n"
    if conditions[1:]:
        lines = "".join(f"  AND {condition}\n" for condition in conditions)
        where = f"WHERE\n{_without_first_and(lines)}"
    return (
        f"SELECT\n  '{table.name}' AS place,\n  COUNT(*) AS total,\n"
        f"  {_ON_HOLD[table.on_hold]} AS on_hold\n"
        f"FROM `${{store}}.{table.name}`{f' AS {alias}' if join else ''}\n"
        f"{join.format(alias=alias)}{where}HAVING COUNT(*) > 0\n"
    )


def _conditions(schema: TableSchema, column: str) -> Iterator[str]:
    """Yield the condition on the partitions, if the table has them, and the one on the partner."""
    if schema.partition_by:
        types = {each.name: each.type for each in schema.schema}
        bound = "DATE(@since)" if types[schema.partition_by] == "DATE" else "@since"
        yield f"{column}{schema.partition_by} >= {bound}"
    yield f"{column}partner = @partner"


def _without_first_and(conditions: str) -> str:
    return "  " + conditions.removeprefix("  AND ")


def _alias(table: StoreTable) -> str:
    return table.name.removesuffix("_v1")


def _parameters(text: str, statements: dict[str, str]) -> str:
    declared: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    by_hand = {
        name: types
        for name, types in declared["privacy"].items()
        if name != COUNT and not name.startswith(DELETE)
    }
    generated = {
        name: {parameter: _TYPES[parameter] for parameter in sorted(set(_named(sql)))}
        for name, sql in statements.items()
    }
    declared["privacy"] = by_hand | generated
    folders = (f'  "{folder}": {{\n{_lines(declared[folder])}\n  }}' for folder in sorted(declared))
    return "{\n" + ",\n".join(folders) + "\n}\n"


def _lines(statements: dict[str, dict[str, str]]) -> str:
    return ",\n".join(
        f'    "{name}": {json.dumps(types)}' for name, types in sorted(statements.items())
    )


def _named(sql: str) -> list[str]:
    return re.findall(r"@(\w+)", sql)
