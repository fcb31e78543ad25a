"""The SQL texts that the sources give to BigQuery, with their parameters."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from functions.warehouse.parameters import declared
from functions.warehouse.schema import SQL, Warehouse, render

PROJECT, STORE, BI = "acme-chat-prod", "chat_eu_store", "chat_eu"
"""The names of the project and of the datasets, as in the documents."""
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
"""Matches the beginning of a text for BigQuery."""


class Text(NamedTuple):
    """A text for BigQuery.

    Attributes:
        place: the place of the text in the sources, for messages.
        sql: the text.
        parameters: the type of each parameter in BigQuery.
        default: the default dataset: that of table names without a dataset; "" for none.
    """

    place: str
    sql: str
    parameters: Mapping[str, str] = MappingProxyType({})
    default: str = ""


def of_statements() -> list[Text]:
    """Return every statement in ``sql/``, with the types of the parameters that functions bind.

    Raises:
        KeyError: ``sql/parameters.json`` does not declare a statement.
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
