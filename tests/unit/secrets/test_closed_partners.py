import json
from contextlib import nullcontext

import pytest

from functions.secrets.closed_partners import ClosedList, ClosedUnavailable, ListReplaced

ENTRY = {"projects": ["acme-prod"], "closed_at": "2026-11-22T14:25:32Z"}


def test_the_first_list_of_terraform_is_empty() -> None:
    closed = ClosedList.from_json(b'{"partners": {}}')
    assert not closed.is_closed({"partner": "acme"})
    assert not closed.is_closed({})


@pytest.mark.parametrize(
    ("made_at", "is_first"),
    [
        ("2026-11-22T11:59:00Z", True),  # Terraform plans the list before it creates the secret
        ("2026-11-23T12:00:00Z", True),
        ("2026-11-23T12:00:01Z", False),
        ("2027-05-01T00:00:00Z", False),
    ],
)
def test_a_list_that_terraform_writes_long_after_the_secret_is_not_valid(
    made_at: str, *, is_first: bool
) -> None:
    times = {"made_at": made_at, "secret_made_at": "2026-11-22T12:00:00.123456789Z"}
    text = json.dumps({"partners": {}} | times).encode()
    with nullcontext() if is_first else pytest.raises(ListReplaced):
        assert ClosedList.from_json(text).partners == {}


def test_a_partner_is_known_by_name_and_only_without_one_by_project() -> None:
    closed = ClosedList.from_json(json.dumps({"partners": {"acme": ENTRY}, "later": 1}).encode())
    assert closed.is_closed({"partner": "acme", "project": "moved-elsewhere"})
    assert closed.is_closed({"project": "acme-prod"})
    assert closed.is_closed({"partner": "", "project": "acme-prod"})
    assert not closed.is_closed({"partner": "solo", "project": "acme-prod"}), "solo owns it now"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"partners": []}',
    ],
)
def test_a_malformed_list_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="does not have the expected format"):
        ClosedList.from_json(text)


@pytest.mark.parametrize(
    "malformed",
    [
        b"{}",
        b"null",
        b'{"projects": [], "closed_at": "2026-11-22T14:25:32"}',
        b'{"projects": "solo", "closed_at": "2026-11-22T14:25:32Z"}',
    ],
)
def test_a_malformed_entry_leaves_its_own_partner_in_doubt_and_no_other(malformed: bytes) -> None:
    text = b'{"partners": {"acme": %b, "solo": %b}}' % (json.dumps(ENTRY).encode(), malformed)
    closed = ClosedList.from_json(text)
    assert closed.is_closed({"partner": "acme"})
    assert closed.is_closed({"project": "acme-prod"})
    assert not closed.is_closed({"partner": "other"})
    for unclear in ({"partner": "solo"}, {"project": "other"}):
        with pytest.raises(ClosedUnavailable):
            closed.is_closed(unclear)
    assert ClosedList.from_json(closed.to_json()) == closed
