"""The variables on which costs depend, read from a file such as ``terraform.tfvars.json``."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from functions.warehouse.schema import RETENTION_DAYS


class UnknownCell(ValueError):
    """The named cell is not in the file, or none is named and the file does not have exactly one.

    The message lists the cells in the file.
    """


class Cell(msgspec.Struct, frozen=True):
    """The variables of one cell; terraform/variables.tf explains them and has the same defaults.

    Attributes:
        retention_days: for how many days events are kept.
        cmek: whether the cell's data is encrypted with a key of the operator.
        log_retention_days: for how many days logs are kept.
        min_instances: how many instances always run, by function.
        subscriptions: how many subscriptions push events to back ends of partners.
    """

    retention_days: int = RETENTION_DAYS
    cmek: bool = False
    log_retention_days: int = 30
    min_instances: Mapping[str, int] = {}
    subscriptions: int = 0


class _Cell(msgspec.Struct):
    cmek: bool = False
    log_retention_days: int = 30
    min_instances: dict[str, int] = {}


class _Subscription(msgspec.Struct):
    cell: str


class _Partner(msgspec.Struct):
    subscriptions: dict[str, _Subscription] = {}


class _Variables(msgspec.Struct):
    cells: dict[str, _Cell]
    partners: dict[str, _Partner] = {}
    retention_days: int = RETENTION_DAYS


def read_cell(file: Path, name: str) -> Cell:
    """Read the variables of a cell from a file such as ``terraform.tfvars.json``.

    Args:
        file: the file.
        name: the name of the cell; empty if the file has only one.

    Raises:
        UnknownCell: the file does not have the cell, or has several and the name is empty.
        msgspec.DecodeError: the file is not JSON, or a variable has a wrong type.
    """
    given = msgspec.json.decode(file.read_bytes(), type=_Variables)
    names = [name] if name else list(given.cells)
    if len(names) != 1 or names[0] not in given.cells:
        raise UnknownCell(f"name one of the cells {', '.join(sorted(given.cells))}")
    cell = given.cells[names[0]]
    pushed = [
        subscription
        for partner in given.partners.values()
        for subscription in partner.subscriptions.values()
        if subscription.cell == names[0]
    ]
    return Cell(
        given.retention_days, cell.cmek, cell.log_retention_days, cell.min_instances, len(pushed)
    )
