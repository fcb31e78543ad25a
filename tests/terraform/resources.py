"""Reads the resources in plans and states, from the output of `terraform show -json`."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class Resource(NamedTuple):
    """A managed resource.

    Attributes:
        cell: the cell that it belongs to; empty if all cells of the project share it.
        address: its address in Terraform.
        type: its type, such as ``google_pubsub_topic``.
        name: its name in the configuration.
        provider: the source address of its provider.
        values: its arguments and attributes in the plan or in the state.
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
