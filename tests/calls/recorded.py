"""Turns recorded calls into operations and resources, as in the table of permissions."""

import json
from collections.abc import Iterator
from pathlib import Path

import sqlglot
import yaml
from sqlglot import exp

CALLS = Path(__file__).parent / "calls.yaml"

Call = tuple[str, str, str]
"""A function, an operation and a resource."""


def observed(folder: Path) -> set[Call]:
    """Return the calls that were recorded in a folder."""
    return {
        call
        for file in folder.glob("*.jsonl")
        for line in file.read_text().splitlines()
        for call in _calls(*json.loads(line))
    }


def committed() -> set[Call]:
    """Return the calls in ``calls.yaml``."""
    return {
        (function, operation, resource)
        for function, operations in yaml.safe_load(CALLS.read_text()).items()
        for operation, resources in operations.items()
        for resource in resources
    }


def write(calls: set[Call], path: Path = CALLS) -> None:
    """Write a new ``calls.yaml`` with these calls."""
    known: dict[str, dict[str, list[str]]] = {}
    for function, operation, resource in sorted(calls):
        known.setdefault(function, {}).setdefault(operation, []).append(resource)
    path.write_text(yaml.safe_dump(known, sort_keys=False, width=100))


def differences(made: set[Call], known: set[Call]) -> list[str]:
    """Return a sentence for each call that is not in the file, and for each that was not made."""
    return [
        *(f"not in calls.yaml: {' '.join(call)}" for call in sorted(made - known)),
        *(f"made no more: {' '.join(call)}" for call in sorted(known - made)),
    ]


def _calls(function: str, operation: str, resource: str) -> Iterator[Call]:
    if operation == "SQL":
        yield from ((function, *access) for access in accesses(resource))
    elif operation.split(" ", maxsplit=1)[0] in {"GET", "POST", "PUT", "DELETE", "PATCH"}:
        yield function, operation, _rest_resource(resource)
    else:
        yield function, operation, _grpc_resource(resource)


def _last(name: str) -> str:
    """Return the last part of a name, such as ``events`` of ``chat-eu-events``."""
    return name.rsplit("-", 1)[-1]


def _grpc_resource(resource: str) -> str:
    parts = resource.split("/")
    if "tables" in parts:
        return f"table {parts[parts.index('tables') + 1]}"
    kind = {"topics": "topic", "subscriptions": "subscription"}[parts[2]]
    return f"{kind} {_last(parts[3])}"


def _rest_resource(path: str) -> str:
    parts = path.strip("/").split("/")
    if "secrets" in parts:
        return f"secret {_last(parts[parts.index('secrets') + 1].split(':')[0])}"
    if "datasets" in parts:
        dataset = parts[parts.index("datasets") + 1]
        return "dataset store" if dataset.endswith("_store") else "dataset bi"
    if "b" in parts:
        return "bucket data"
    return "project" if "projects" in parts else "function operate"


def accesses(sql: str) -> set[tuple[str, str]]:
    """Return whether a statement reads or changes each of its tables and views.

    A statement that changes a table also counts as reading it, because BigQuery requires both
    permissions.
    """
    statement = sqlglot.parse_one(sql, read="bigquery")
    tables = [table for table in statement.find_all(exp.Table) if table.db]
    found = {("SELECT", f"table {table.name}") for table in tables}
    if isinstance(statement, exp.Insert | exp.Update | exp.Delete | exp.Merge):
        target = statement.find(exp.Table)
        assert target is not None
        found.add(("DML", f"table {target.name}"))
    return found
