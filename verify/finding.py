"""What was found out about a deployment, and whether it is as it should be."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

State = Literal["holds", "fails", "not checked"]
"""``not checked`` is what could not be asked; nobody may take it for a success."""


class Finding(NamedTuple):
    """One question and its answer.

    Attributes:
        cell: the cell's name.
        check: what was asked, in a few words.
        subject: of what: a resource, a view, a partner.
        state: whether it is as it should be.
        detail: what was found; a reason where it does not hold.
        figures: numbers for programs, by name with their unit.
    """

    cell: str
    check: str
    subject: str
    state: State
    detail: str = ""
    figures: Mapping[str, int | float] = MappingProxyType({})


def all_hold(findings: Iterable[Finding]) -> bool:
    """Say whether every finding holds, and there is one at all."""
    states = {finding.state for finding in findings}
    return states == {"holds"}
