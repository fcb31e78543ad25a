"""The cell's log bucket keeps neither URLs with tokens nor an entry for each loaded event."""

import re
from typing import Any

import pytest

from tests.terraform.resources import of_type

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

TERM = re.compile(
    r'log_id\("(?P<log>[^"]+)"\)|(?P<field>[\w.]+)(?P<op>>=|<|=)"?(?P<value>[^"]+?)"?'
)


def matches(text: str, entry: dict[str, str | int]) -> bool:
    """Say whether a log entry passes a filter; the filter may only be terms joined with AND."""
    return all(_holds(term, entry) for term in text.split(" AND "))


def _holds(term: str, entry: dict[str, str | int]) -> bool:
    match = TERM.fullmatch(term)
    assert match, f"the test does not know this form of a term: {term}"
    if match["log"]:
        return entry["log"] == match["log"]
    value = entry[match["field"]]
    if match["op"] == "=":
        return str(value) == match["value"]
    more = int(value) >= int(match["value"])
    return more if match["op"] == ">=" else not more


def request(function: str, status: int) -> dict[str, str | int]:
    return {
        "log": "run.googleapis.com/requests",
        "resource.labels.service_name": f"chat-eu-{function}",
        "httpRequest.status": status,
    }


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        (request("receive", 200), False),
        (request("receive", 401), False),
        (request("receive", 500), False),
        (request("load", 200), False),
        (request("load", 204), False),
        (request("load", 400), True),
        (request("load", 503), True),
        (request("operate", 200), True),
        (request("privacy", 200), True),
        (request("load", 200) | {"log": "run.googleapis.com/stdout"}, True),
    ],
)
def test_requests_are_kept_unless_they_have_a_token_or_tell_nothing(
    full_plan: dict[str, Any], entry: dict[str, str | int], *, kept: bool
) -> None:
    [sink] = [
        resource
        for resource in of_type(full_plan["planned_values"], "google_logging_project_sink")
        if resource.cell == "eu"
    ]
    excluded = [matches(exclusion["filter"], entry) for exclusion in sink.values["exclusions"]]

    assert any(excluded) is not kept
