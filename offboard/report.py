"""Shows the plan and the result of an offboarding: tables for people, JSON for programs."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from offboard.cell import Cell

STYLES = {"deleted": "green", "nothing": "green", "on_hold": "yellow", "failed": "bold red"}


def show_plan(cells: Sequence[Cell], console: Console) -> None:
    """Print which data of the partner each cell has."""
    table = Table("cell", "state", "projects", "would be deleted", "kept by legal holds")
    for cell in cells:
        table.add_row(
            cell.name,
            Text(cell.state, STYLES.get(cell.state, "")),
            Text(", ".join(cell.said.get("projects", ()))),
            Text(_counts(cell, "would_delete")),
            Text(_counts(cell, "on_hold")),
        )
    console.print(table)
    show_failures(cells, console)


def show_end(cells: Sequence[Cell], console: Console) -> None:
    """Print the state of each cell, and the steps that the operator has to do by hand."""
    table = Table("cell", "state", "closed", "deleted", "kept by legal holds")
    for cell in cells:
        certificate = cell.said.get("certificate") or {}
        kept = certificate.get("on_hold") or cell.said.get("on_hold") or {}
        table.add_row(
            cell.name,
            Text(cell.state, STYLES.get(cell.state, "")),
            Text(str(cell.said.get("closed_at", ""))[:19]),
            Text(_counts(cell, "deleted")),
            Text(_listed(kept)),
        )
    console.print(table)
    show_failures(cells, console)
    # All cells share the variable `partners`. While a hold keeps data in one cell, the partner must
    # stay there, so print only the steps of the cells with holds.
    on_hold = [cell for cell in cells if cell.state == "on_hold"]
    certificates = [cell.said.get("certificate") or {} for cell in on_hold or cells]
    for line in dict.fromkeys(
        line for certificate in certificates for line in certificate.get("to_do", ())
    ):
        console.print(Text(f"- {line}"))


def show_failures(cells: Sequence[Cell], console: Console) -> None:
    """Print the reason of each cell whose last request failed."""
    for cell in cells:
        if cell.reason:
            console.print(Text(f"{cell.name}: {cell.reason}", "red"))


def as_json(partner: str, cells: Sequence[Cell]) -> str:
    """Return ``{"partner": …, "cells": {NAME: {"state": …, "reason": …, "answer": …}}}``.

    ``answer`` is the last answer of the cell's privacy function; it contains the certificate.
    """
    described = {
        cell.name: {"state": cell.state, "reason": cell.reason, "answer": cell.said}
        for cell in cells
    }
    return json.dumps({"partner": partner, "cells": described}, indent=1)


def _counts(cell: Cell, member: str) -> str:
    return _listed(cell.said.get(member) or {})


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {place}" for place, count in counts.items())
