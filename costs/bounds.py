"""Finds the conditions of a statement that bound a column, such as ``received_at >= @first``."""

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from zetasql.wasi._pb2.zetasql.public import type_pb2

from costs.tree import arguments, concrete, function, kind
from functions.warehouse.days import DAY, midnight
from functions.warehouse.parameters import Parameter

SMALLEST = timedelta(microseconds=1)
"""The smallest step of a TIMESTAMP."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {
    2: timedelta(days=31),
    3: DAY,
    7: timedelta(hours=1),
    8: timedelta(minutes=1),
    9: timedelta(seconds=1),
    11: SMALLEST,
}
"""The lengths of the library's date parts, by number. A month counts as 31 days: a statement reads
most in the longest month."""
_MONTH, _DAY = 2, 3
_MIRRORED = {
    "$greater_or_equal": "$less_or_equal",
    "$greater": "$less",
    "$less": "$greater",
    "$less_or_equal": "$greater_or_equal",
    "$equal": "$equal",
}


class Bound(NamedTuple):
    """A condition that bounds a column.

    Attributes:
        column: the id of the column.
        first: the smallest value (UTC) that fulfils the condition; None without a lower bound.
        end: the smallest value (UTC) above the upper bound; None without an upper bound.
        days: how many days the condition lists; None if it does not list days.
    """

    column: int
    first: datetime | None
    end: datetime | None
    days: int | None = None


class Constants(NamedTuple):
    """Computes expressions whose values BigQuery knows before it reads a table.

    Attributes:
        now: the current time (UTC).
        parameters: the value of each parameter; a missing parameter is unknown.
    """

    now: datetime
    parameters: Mapping[str, Parameter]

    def bounds(self, condition: Any) -> list[Bound]:
        """Return the bounds in a condition; ignore its parts that are not bounds."""
        call = concrete(condition)
        if kind(call) != "FunctionCall":
            return []
        name, given = function(call), arguments(call)
        if name == "$and":
            return [bound for part in given for bound in self.bounds(part)]
        if name == "$between":
            return [*self._bound("$greater_or_equal", *given[:2]),
                    *self._bound("$less_or_equal", given[0], given[2])]  # fmt: skip
        if name == "$in_array":
            return self._in_days(*given)
        if name not in _MIRRORED:
            return []
        left, right = given
        return [*self._bound(name, left, right), *self._bound(_MIRRORED[name], right, left)]

    def _bound(self, comparison: str, left: Any, right: Any) -> list[Bound]:
        found, value = monotone_column(left), self.value(right)
        if found is None or not isinstance(value, datetime):
            return []
        column, is_day = found
        after = value + (DAY if is_day else SMALLEST)
        first, end = {
            "$greater_or_equal": (value, None),
            "$greater": (after, None),
            "$less": (None, value),
            "$less_or_equal": (None, after),
            "$equal": (value, after),
        }[comparison]
        return [Bound(column, first, end)]

    def _in_days(self, left: Any, right: Any) -> list[Bound]:
        """Return the bound of ``TIMESTAMP_TRUNC(column, DAY) IN UNNEST(@days)``.

        The documentation of BigQuery does not mention lists. dbt relies on this form to prune
        partitions: https://github.com/dbt-labs/dbt-bigquery/issues/536
        """
        found, days = monotone_column(left), self.value(right)
        if found is None or not _are_moments(days):
            return []
        return [Bound(found[0], min(days), max(days) + DAY, len(set(days)))]

    def value(self, expression: Any) -> Any:
        """Return the value of an expression (a day as its first moment), or None if unknown."""
        node = concrete(expression)
        match kind(node):
            case "Literal":
                return _literal(node.value.value)
            case "Parameter":
                return _moment(self.parameters.get(node.name))
            case "Cast":
                return self.value(node.expr)
            case "FunctionCall":
                return self._called(function(node), [self.value(each) for each in arguments(node)])
        return None

    def _called(self, name: str, given: list[Any]) -> Any:
        if name == "current_timestamp":
            return self.now
        if name == "current_date":
            return midnight(self.now.date())
        known = name in _FUNCTIONS and None not in given
        return _FUNCTIONS[name](*given) if known else None


def _timestamp(value: datetime | str) -> datetime:
    return (
        value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)
    )


def _truncated(moment: datetime, part: int, *_zone: Any) -> datetime | None:
    days = {_DAY: moment.date(), _MONTH: moment.date().replace(day=1)}
    return midnight(days[part]) if part in days else None


def _later(moment: datetime, number: int, part: int) -> datetime | None:
    return moment + number * _UNITS[part] if part in _UNITS else None


def _earlier(moment: datetime, number: int, part: int) -> datetime | None:
    return _later(moment, -number, part)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "date": lambda moment: midnight(moment.date()),
    "timestamp": _timestamp,
    "date_trunc": _truncated,
    "timestamp_trunc": _truncated,
    "date_add": _later,
    "timestamp_add": _later,
    "date_sub": _earlier,
    "timestamp_sub": _earlier,
    "$add": operator.add,
    "$multiply": operator.mul,
}
"""The functions of GoogleSQL that statements use in bounds; the value of others is unknown."""


def monotone_column(expression: Any) -> tuple[int, bool] | None:
    """Return the column whose order an expression keeps, and whether its values are days.

    BigQuery prunes partitions by an expression that keeps the order, such as ``DATE(received_at)``.
    Source: https://cloud.google.com/bigquery/docs/querying-partitioned-tables
    """
    node = concrete(expression)
    match kind(node):
        case "ColumnRef":
            return node.column.column_id, node.column.type.type_kind == type_pb2.TYPE_DATE
        case "Cast":
            return monotone_column(node.expr)
        case "FunctionCall" if function(node) == "timestamp_trunc":
            column, part, *_zone = arguments(node)
            found = monotone_column(column) if _literal_of(part) == _DAY else None
            return found and (found[0], True)
        case "FunctionCall" if function(node) in {"date", "timestamp"}:
            [inner, *others] = arguments(node)
            found = None if others else monotone_column(inner)
            return found and (found[0], function(node) == "date")
    return None


def _are_moments(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], datetime)


def _literal_of(expression: Any) -> Any:
    node = concrete(expression)
    return _literal(node.value.value) if kind(node) == "Literal" else None


def _literal(value: Any) -> Any:
    match value.WhichOneof("value"):
        case "timestamp_value":
            # Some statements write "never" as the year 1, so that year does not bound the scan.
            seconds = value.timestamp_value.seconds
            return None if seconds < -62_000_000_000 else _EPOCH + timedelta(seconds=seconds)
        case "date_value":
            return _EPOCH + value.date_value * DAY
        case "int64_value" | "enum_value" | "string_value" as name:
            return getattr(value, name)
    return None


def _moment(value: Parameter | None) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return midnight(value)
    return value
