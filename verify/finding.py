"""The result of a check, in the form that all checks return."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

State = Literal["holds", "fails", "not checked"]
"""``not checked``: the check could not be made, which must not count as a success."""


class Finding(NamedTuple):
    """The result of one check.

    Attributes:
        cell: the cell's name.
        check: the expected condition, in a few words, such as ``the job runs``.
        subject: the checked thing, such as a resource, a view or a partner.
        state: whether the condition holds.
        detail: the observation; if the condition does not hold, the reason.
        figures: numbers for programs, by name; a name such as ``bytes`` tells the unit.
    """

    cell: str
    check: str
    subject: str
    state: State
    detail: str = ""
    figures: Mapping[str, int | float] = MappingProxyType({})


def all_hold(findings: Iterable[Finding]) -> bool:
    """Return whether all findings hold; False if there are none."""
    states = {finding.state for finding in findings}
    return states == {"holds"}
