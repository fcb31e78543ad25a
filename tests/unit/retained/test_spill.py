"""The contents and the names of objects in the spill."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.retained import spill
from functions.retained.spill import Spilled

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.builds(Spilled, st.binary(), st.dictionaries(TEXT, TEXT))))
def test_events_are_read_as_they_were_written(events: list[Spilled]) -> None:
    content = spill.encode(events)
    assert content.count(b"\n") == len(events)
    assert list(spill.decode(content)) == events


def test_a_line_is_plain_json() -> None:
    [line] = spill.encode([Spilled(b"\x00\xff{}", {"kind": "chat"})]).splitlines()
    assert json.loads(line) == {"data": "AP97fQ==", "attributes": {"kind": "chat"}}


def test_the_name_has_the_hour_in_utc() -> None:
    moment = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert spill.object_name(moment, "u") == "spill/2025/12/31/22/u.ndjson"
    assert spill.object_name(moment.astimezone(UTC), "u") == "spill/2025/12/31/22/u.ndjson"


@pytest.mark.parametrize(
    "line", [b"secret", b"{}", b'{"data":"secret!","attributes":{}}', b'{"data":"","attributes":7}']
)
def test_an_error_has_the_number_of_the_malformed_line_and_does_not_quote_it(line: bytes) -> None:
    good = spill.encode([Spilled(b"1", {})])
    events = spill.decode(good + b"\n" + line)
    assert next(events).data == b"1"
    with pytest.raises(ValueError, match=r"^line 3 is not a spilled event$"):
        next(events)
