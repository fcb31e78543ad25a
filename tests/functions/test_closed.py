import json

import pytest

from functions.closed import ClosedList

ENTRY = {"projects": ["acme-prod"], "closed_at": "2026-11-22T14:25:32Z"}


def test_what_terraform_writes_first_names_nobody() -> None:
    closed = ClosedList.from_json(b'{"partners": {}}')
    assert not closed.covers({"partner": "acme"})
    assert not closed.covers({})


def test_a_partner_is_known_by_name_and_only_without_one_by_project() -> None:
    closed = ClosedList.from_json(json.dumps({"partners": {"acme": ENTRY}, "later": 1}).encode())
    assert closed.covers({"partner": "acme", "project": "moved-elsewhere"})
    assert closed.covers({"project": "acme-prod"})
    assert closed.covers({"partner": "", "project": "acme-prod"})
    assert not closed.covers({"partner": "solo", "project": "acme-prod"}), "it was taken over"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"partners": []}',
        b'{"partners": {"acme": {}}}',
        b'{"partners": {"acme": {"projects": [], "closed_at": "2026-11-22T14:25:32"}}}',
        b'{"partners": {"acme": {"projects": "acme", "closed_at": "2026-11-22T14:25:32Z"}}}',
    ],
)
def test_what_is_of_another_form_is_no_list(text: bytes) -> None:
    with pytest.raises(ValueError, match="not of the expected form"):
        ClosedList.from_json(text)
