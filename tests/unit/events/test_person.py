"""Who an event is about, as loading reads it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.body import BadMessage
from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.events.person import user_id
from functions.load.row import RowBuilder
from functions.secrets.pseudonym_keys import PseudonymKeys

LAYOUTS = Layouts(load_catalogue())
ROWS = RowBuilder(load_catalogue(), PseudonymKeys(1, {1: b"1" * 32}))
ATTRIBUTES = {
    "ingest_id": "i",
    "received_at": "2026-11-22T12:00:00Z",
    "kind": "chat",
    "partner": "acme",
    "project": "dev",
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"user_id": "ann"}, "ann"),
        ({"userId": 7}, "7"),
        ({"uid": None, "external_id": "ann"}, "ann"),
        ({"user": {"name": "ann"}, "uid": "ann"}, "ann"),
        ({"user_id": " ", "uid": "bob"}, "bob"),
        ({"nickname": "ann"}, None),
        ([], None),
    ],
)
def test_the_first_name_with_a_value_counts(value: Any, expected: str | None) -> None:
    data = json.dumps({"event": "delete_profile_confirmed", "value": value}).encode()
    assert user_id(data, "chat", LAYOUTS) == expected


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(BadMessage, match="not_json"):
        user_id(b"{", "chat", LAYOUTS)


NAMES = st.sampled_from(["user_id", "userId", "uid", "external_id", "nickname", "User-ID"])
VALUES = st.none() | st.text(max_size=3) | st.integers() | st.booleans() | st.lists(st.integers())


@given(st.dictionaries(NAMES, VALUES), st.sampled_from(["account_restored", "unheard_of"]))
def test_it_is_whom_loading_finds(properties: dict[str, Any], event: str) -> None:
    data = json.dumps({"event": event, "value": properties}).encode()
    loaded = ROWS.build(data, ATTRIBUTES, delivery_id="d", stored_at=1_795_000_000_000_000)
    expected = loaded.person.user_id if loaded.person else None
    assert user_id(data, "chat", LAYOUTS) == expected
