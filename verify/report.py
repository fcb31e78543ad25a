"""Shows the findings: a table for people, JSON for programs."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from verify.finding import Finding, all_hold

STYLES = {"holds": "green", "fails": "bold red", "not checked": "yellow"}


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print a table of the findings; below the table, print how many findings have each state."""
    table = Table("cell", "check", "subject", "state", "detail")
    for finding in findings:
        state = Text(finding.state, STYLES[finding.state])
        # `Text` prints subjects and details unchanged: they quote other systems, so a bracket in
        # them is not markup.
        table.add_row(
            finding.cell, finding.check, Text(finding.subject), state, Text(finding.detail)
        )
    console.print(table)
    counts = {state: sum(row.state == state for row in findings) for state in STYLES}
    console.print(", ".join(f"{count} {state}" for state, count in counts.items()))


def as_json(findings: Sequence[Finding]) -> str:
    """Return ``{"holds": bool, "findings": [...]}``; a finding has the members of `Finding`."""
    shown = [finding._asdict() | {"figures": dict(finding.figures)} for finding in findings]
    return json.dumps({"holds": all_hold(findings), "findings": shown}, indent=1)
