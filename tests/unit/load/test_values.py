"""Values as senders really write them are stored as the cases in ``cases/values.yaml`` say."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.events.coerce import to_timestamp
from functions.load.row import RowBuilder
from functions.secrets.pseudonym_keys import PseudonymKeys, user_key
from tests.unit.load.test_row import EVENTS, build

CASES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("cases").joinpath("values.yaml").read_text("utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['event']}-{c['value']}" for c in CASES])
def test_values_are_stored_as_expected(
    builder: RowBuilder, keys: PseudonymKeys, case: dict[str, Any]
) -> None:
    body = f'{{"event": "{case["event"]}", "value": {case["value"]}}}'
    loaded = build(builder, body.encode(), kind=case.get("kind", "chat"))
    row = loaded.row
    assert EVENTS.encode(row)
    in_room = case.get("in_room", {})
    if "speakers" in case:
        speakers = [user_key(keys.current, "dev", speaker) for speaker in case["speakers"]]
        in_room = in_room | {"speakers": speakers, "speaker_count": len(speakers)}
    assert row.get("properties", {}) == case.get("properties", {})
    assert row.get("room", {}) == in_room
    assert row.get("room_id") == case.get("room")
    assert (loaded.person.user_id if loaded.person else None) == case.get("person")
    assert row.get("occurred_at") == to_timestamp(case.get("occurred_at", ""))
    assert json.loads(str(row.get("extra", "{}"))) == case.get("extra", {})
    assert row["flags"] == case.get("flags", [])


@pytest.mark.parametrize(
    "members",
    [
        ['"answer_1": "A"', '"answer_2": "B"', '"answer": "C"'],
        ['"answer": "A"', '"answer_2": "B"', '"answer_3": "C"'],
        ['"answers": ["A"]', '"answer_2": "B"', '"Answer_2": "C"'],
    ],
)
def test_the_order_of_different_members_makes_no_difference(
    builder: RowBuilder, members: list[str]
) -> None:
    rows = [
        build(builder, f'{{"event": "pq_answer_sent", "value": {{{",".join(some)}}}}}'.encode()).row
        for some in permutations(members)
    ]
    assert all(row == rows[0] for row in rows)


def test_of_too_many_speakers_the_first_are_stored_and_all_counted(
    builder: RowBuilder, keys: PseudonymKeys
) -> None:
    speakers = [str(number) for number in range(1, 100_001)]
    value = json.dumps({"speakers": [*speakers, "7"]})
    loaded = build(builder, f'{{"event": "room_updated", "value": {value}}}'.encode(), kind="room")
    room: Any = loaded.row["room"]
    assert room["speakers"] == [user_key(keys.current, "dev", each) for each in speakers[:1_000]]
    assert room["speaker_count"] == 100_000
    assert loaded.flags == ["too_many:speakers"]


def test_many_repeated_answers_are_all_stored(builder: RowBuilder) -> None:
    members = ",".join(['"answer":"A"'] * 70_000)
    row = build(builder, f'{{"event": "pq_answer_sent", "value": {{{members}}}}}'.encode()).row
    assert row["properties"] == {"answer": ["A"] * 70_000}


def test_repeated_members_are_joined_under_however_many_names(builder: RowBuilder) -> None:
    members = ",".join(f'"answer_{number}":"A","answer_{number}":"B"' for number in range(30))
    row = build(builder, f'{{"event": "pq_answer_sent", "value": {{{members}}}}}'.encode()).row
    assert row["properties"] == {"answer": ["A", "B"] * 30}
