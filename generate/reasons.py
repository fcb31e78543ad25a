"""Writes the reasons for refusals into the contract, OpenAPI, the operations page and the alerts.

The contract also has generated parts that are made from the catalogue (`generate.findings`).
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from functions.acceptance.reasons import REASONS
from functions.events.catalogue import Catalogue
from generate import findings
from generate.markdown import table
from generate.parts import fill

CONTRACT = "docs/webhook-contract.md"
OPENAPI = "docs/openapi.yaml"
OPERATIONS = "docs/operations.md"
ALERTS = "terraform/modules/cell/refusals.json"

# In OpenAPI, each status is an enum with one value, because some generators of clients ignore a
# response with a `const`.
_RESPONSE = re.compile(
    r"( status: \{ type: integer, enum: \[(\d{3})\] \}\n +reason: \{ type: string, enum: )\[.*?\]"
)
_RESULTS = re.compile(
    r"( status: \{ type: integer, enum: )\[.*?\]"
    r"( \}  # of an event\n +reason: \{ type: string, enum: )\[.*?\]"
)


def render(catalogue: Catalogue, root: Path) -> dict[str, str]:
    """Return the content of each file, by path; empty if one of the pages does not exist.

    Raises:
        ValueError: a page lacks the place for a generated part.
    """
    pages = {path: root / path for path in (CONTRACT, OPENAPI, OPERATIONS)}
    texts = {path: file.read_text("utf-8") for path, file in pages.items() if file.is_file()}
    if texts.keys() != pages.keys():
        return {}
    return {
        CONTRACT: fill(
            CONTRACT, texts[CONTRACT], {"reasons": _contract(), **findings.parts(catalogue)}
        ),
        OPENAPI: _openapi(texts),
        OPERATIONS: fill(OPERATIONS, texts[OPERATIONS], {"reasons": _limits()}),
        ALERTS: json.dumps(_too_many(), indent=2, sort_keys=True) + "\n",
    }


def _replace(
    pattern: re.Pattern[str],
    replacement: Callable[[re.Match[str]], str],
    texts: dict[str, str],
    path: str,
) -> str:
    text, count = pattern.subn(replacement, texts[path])
    if count != 1:
        raise ValueError(f"{path} has {count} places for the reasons, not 1")
    return text


def _contract() -> str:
    accepted = ("200", "", "every event is stored; at least one was accepted", "no")
    rows = ((str(r.status), f"`{r.code}`", r.meaning, r.retry) for r in REASONS)
    return table(("status", "reason", "meaning", "retry?"), (accepted, *rows))


def _limits() -> str:
    codes: dict[int, set[str]] = {}
    for code, limit in _too_many().items():
        codes.setdefault(limit, set()).add(code)
    rows = (
        (", ".join(f"`{code}`" for code in sorted(codes[limit])), str(limit))
        for limit in sorted(codes)
    )
    return table(("reason", "refusals in 15 minutes that raise the alert"), rows)


def _openapi(texts: dict[str, str]) -> str:
    """Return the page with the reason codes of each response, and of the results of events."""

    def response(found: re.Match[str]) -> str:
        own = (r for r in REASONS if r.of != "neighbour" and r.status == int(found[2]))
        return f"{found[1]}{_flow(r.code for r in own)}"

    results = [reason for reason in REASONS if reason.of != "request"]
    text, count = _RESPONSE.subn(response, texts[OPENAPI])
    statuses = {reason.status for reason in REASONS}
    if count != len(statuses):
        raise ValueError(f"{OPENAPI} has {count} responses with a reason, not {len(statuses)}")
    statuses_of_events = _flow(sorted({str(reason.status) for reason in results}))
    codes = _flow(reason.code for reason in results)
    return _replace(
        _RESULTS,
        lambda found: f"{found[1]}{statuses_of_events}{found[2]}{codes}",
        {OPENAPI: text},
        OPENAPI,
    )


def _too_many() -> dict[str, int]:
    """Return the number of refusals that raises an alert, by reason code.

    Raises:
        ValueError: two reasons have the same code and different limits.
    """
    limits: dict[str, int] = {}
    for reason in REASONS:
        if limits.setdefault(reason.code, reason.too_many) != reason.too_many:
            raise ValueError(f"{reason.code} has two limits")
    return limits


def _flow(values: Iterable[str]) -> str:
    return f"[{', '.join(dict.fromkeys(values))}]"
