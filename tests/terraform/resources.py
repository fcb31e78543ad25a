"""Reads plans and states: `terraform show -json`."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class Resource(NamedTuple):
    """A managed resource.

    Attributes:
        cell: that it belongs to; empty for what the project has once.
        address: Terraform's.
        type: such as ``google_pubsub_topic``.
        name: in the configuration.
        provider: its source address.
        values: as planned, or as in the state.
    """

    cell: str
    address: str
    type: str
    name: str
    provider: str
    values: dict[str, Any]


def managed(values: dict[str, Any]) -> Iterator[Resource]:
    """Iterate over the managed resources of ``planned_values`` or of a state's ``values``."""
    yield from _module(values["root_module"])


def _module(module: dict[str, Any]) -> Iterator[Resource]:
    address = module.get("address", "")
    cell = address.removeprefix('module.cell["').removesuffix('"]')
    for found in module.get("resources", []):
        if found["mode"] == "managed":
            yield Resource(
                cell,
                found["address"],
                found["type"],
                found["name"],
                found["provider_name"],
                found["values"],
            )
    for child in module.get("child_modules", []):
        yield from _module(child)


def of_type(values: dict[str, Any], kind: str) -> list[Resource]:
    """Return the resources of a type."""
    return [resource for resource in managed(values) if resource.type == kind]
