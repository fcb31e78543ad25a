"""What BigQuery is given: each text of the sources with its parameters, found by walking."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from functions.warehouse.parameters import declared
from functions.warehouse.schema import SQL, Warehouse, render

PROJECT, STORE, BI = "acme-chat-prod", "chat_eu_store", "chat_eu"
"""As in the documents."""
WAREHOUSE = Warehouse(f"{PROJECT}.{STORE}", f"{PROJECT}.{BI}")
VARIABLES = WAREHOUSE.variables()

SQL_TEXT = re.compile(
    r"(?:\s*--[^\n]*\n)*\s*(?:SELECT\b.*\bFROM\b|SELECT\s+[\w'(]|WITH\s+\w+\s+AS\b|INSERT\s+INTO\b"
    r"|UPDATE\s+\S+\s+(?:(?:AS\s+)?\w+\s+)?SET\b"
    r"|DELETE\s+FROM\b|MERGE\s+(?:INTO\s+)?\S+\s+(?:AS\s+)?\w+|TRUNCATE\s+TABLE\b|CALL\s+\w+\("
    r"|(?:CREATE|DROP|ALTER|UNDROP)\s+(?:OR\s+REPLACE\s+)?"
    r"(?:TABLE|VIEW|SCHEMA|PROJECT|MATERIALIZED|FUNCTION|PROCEDURE)\b)",
    re.DOTALL,
)
"""How a text begins that is meant for BigQuery."""


class Text(NamedTuple):
    """A text that BigQuery is given.

    Attributes:
        place: where it stands, for people.
        sql: the text.
        parameters: BigQuery's type of each.
        default: the dataset of names that have none, as a query job can have one.
    """

    place: str
    sql: str
    parameters: Mapping[str, str] = MappingProxyType({})
    default: str = ""


def of_statements() -> list[Text]:
    """Return every file of ``sql/`` that is no view, with the types that the functions bind.

    Raises:
        KeyError: ``sql/parameters.json`` does not declare one.
    """
    return [
        Text(
            file.relative_to(SQL).as_posix(),
            render(file.read_text("utf-8"), VARIABLES),
            declared()[file.parent.name][file.stem],
        )
        for file in sorted(SQL.rglob("*.sql"))
        if not file.is_relative_to(SQL / "bi")
    ]
