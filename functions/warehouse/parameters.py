"""The parameters of the statements in ``sql/``, with their types from ``sql/parameters.json``.

The file gives each parameter's BigQuery type, by folder and statement. Statements run with these
types, and the tests check each statement with the same types in Google's analyser.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import msgspec

from functions.warehouse.schema import SQL

Parameter = datetime | date | str | Sequence[str] | Sequence[datetime]
"""The value of a TIMESTAMP, a DATE, a STRING, an ARRAY<STRING> or an ARRAY<TIMESTAMP>."""


class WrongParameters(ValueError):
    """The values do not fit the parameters of a statement.

    The message names the statement and the parameters, but quotes no value.
    """


@cache
def declared() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the BigQuery type of each parameter, by folder, statement and parameter."""
    text = (SQL / "parameters.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, dict[str, dict[str, str]]])


def query_parameters(folder: str, statement: str, values: Mapping[str, Parameter]) -> list[Any]:
    """Return a statement's parameters for BigQuery's client.

    Args:
        folder: the statement's folder in ``sql/``.
        statement: the name of the statement's file, without its ending.
        values: the value of each parameter, by name.

    Raises:
        WrongParameters: ``sql/parameters.json`` lacks the statement, or the values do not fit the
            statement's parameters there.
    """
    from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter  # noqa: PLC0415

    name = f"{folder}/{statement}"
    types = declared().get(folder, {}).get(statement)
    if types is None:
        raise WrongParameters(f"sql/parameters.json does not declare {name}")
    if types.keys() != values.keys():
        differing = ", ".join(sorted(types.keys() ^ values.keys()))
        raise WrongParameters(
            f"sql/parameters.json and the values for {name} differ in: {differing}"
        )
    given: list[Any] = []
    for parameter, kind in types.items():
        value: Any = values[parameter]
        if kind not in _FITS or not _FITS[kind](value):
            raise WrongParameters(f"{parameter} of {name} must have the type {kind}")
        if kind.startswith("ARRAY<"):
            inner = kind.removeprefix("ARRAY<").removesuffix(">")
            given.append(ArrayQueryParameter(parameter, inner, value))
        else:
            given.append(ScalarQueryParameter(parameter, kind, value))
    return given


def _is_moment(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _each(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(fits(item) for item in value)
    )


_FITS: Mapping[str, Callable[[object], bool]] = {
    "TIMESTAMP": _is_moment,
    "DATE": lambda value: isinstance(value, date) and not isinstance(value, datetime),
    "STRING": _is_text,
    "ARRAY<STRING>": _each(_is_text),
    "ARRAY<TIMESTAMP>": _each(_is_moment),
}
