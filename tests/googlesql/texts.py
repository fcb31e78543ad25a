"""What BigQuery is given: each text of the sources with its parameters, found by walking."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from functions.parameters import declared
from functions.warehouse import SQL, Warehouse, render, with_covered

WAREHOUSE = Warehouse("p-1.chat_eu_store", "p-1.chat_eu")
VARIABLES = with_covered(WAREHOUSE.variables())
STORE, BI = "chat_eu_store", "chat_eu"


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
        if file.parent.name != "bi"
    ]
