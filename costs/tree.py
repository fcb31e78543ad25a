"""Reads the trees into which Google's analyser resolves statements.

In the library's protocol buffers, a message of an abstract kind has a ``oneof`` called ``node``
with the concrete message. A concrete message has a field ``parent`` with the fields of its base.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

NAME = "Resolved"
SUBQUERY = "ResolvedSubqueryExprProto"
COLUMN = "ResolvedColumnRefProto"
ANY_SCAN = "AnyResolvedScanProto"


def concrete(message: Any) -> Any:
    """Return the concrete message in a message of an abstract kind."""
    while "node" in message.DESCRIPTOR.oneofs_by_name and message.WhichOneof("node"):
        message = getattr(message, message.WhichOneof("node"))
    return message


def kind(message: Any) -> str:
    """Return the kind of a concrete message, such as ``FilterScan``."""
    name: str = message.DESCRIPTOR.name
    return name.removeprefix(NAME).removesuffix("Proto")


def field(message: Any, name: str) -> Any:
    """Return a field of a concrete message or of its bases; None if the field does not exist."""
    while name not in message.DESCRIPTOR.fields_by_name:
        if "parent" not in message.DESCRIPTOR.fields_by_name:
            return None
        message = message.parent
    return getattr(message, name)


def function(call: Any) -> str:
    """Return the name of the function that a call calls, such as ``$and``."""
    name: str = field(call, "function").name
    return name.rpartition(":")[2]


def arguments(call: Any) -> list[Any]:
    """Return the arguments of a function call."""
    return list(field(call, "argument_list"))


def columns_of(scan: Any) -> set[int]:
    """Return the ids of the columns that a scan returns."""
    return {column.column_id for column in field(concrete(scan), "column_list")}


def columns_named(message: Any, *, below_scans: bool = True) -> set[int]:
    """Return the ids of the columns that a message names.

    Args:
        message: an expression, a scan or a statement.
        below_scans: whether to include columns that scans inside the message name, such as those of
            a correlated subquery.
    """
    found = {message.column.column_id} if message.DESCRIPTOR.name == COLUMN else set()
    for inner in inner_messages(message):
        if below_scans or inner.DESCRIPTOR.name != ANY_SCAN:
            found |= columns_named(inner, below_scans=below_scans)
    return found


def subqueries(message: Any) -> Iterator[Any]:
    """Yield the scans of the subqueries in an expression or in a clause of a statement."""
    for inner in inner_messages(message):
        if inner.DESCRIPTOR.name == SUBQUERY:
            yield inner.subquery
        elif inner.DESCRIPTOR.name != ANY_SCAN:
            yield from subqueries(inner)


def inner_messages(message: Any) -> Iterator[Any]:
    """Yield the nodes directly within a message.

    Descriptions of columns and types are left out, because they are most of a tree, and do not
    refer to columns.
    """
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None and _is_node(descriptor.message_type.name):
            yield from value if descriptor.is_repeated else [value]


@cache
def _is_node(name: str) -> bool:
    return name.startswith((NAME, f"Any{NAME}")) and name != "ResolvedColumnProto"
