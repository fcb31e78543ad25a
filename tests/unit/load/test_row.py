import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.acceptance.ingest_id import of_request
from functions.events.body import BadMessage
from functions.events.catalogue import load_catalogue
from functions.events.coerce import to_timestamp
from functions.load.protobuf import RowEncoder, load_schema
from functions.load.row import Identity, Loaded, RowBuilder
from functions.secrets.pseudonym_keys import PseudonymKeys, user_key

ROOT = Path(__file__).parents[3]
EVENTS = RowEncoder(load_schema(ROOT / "sql/store/events_v1.json"))
IDENTITIES = RowEncoder(load_schema(ROOT / "sql/store/identities_v1.json"))
RECEIVED_AT = "2026-11-22T14:25:32.123456Z"
STORED_AT = 1_795_357_533_000_000
"""2026-11-22T14:25:33Z in microseconds since the epoch."""
ATTRIBUTES = {
    "ingest_id": "0199d6a2-6a5c-7d4e-8c3f-0123456789ab",
    "received_at": RECEIVED_AT,
    "kind": "chat",
    "partner": "demo",
    "project": "dev",
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["user_id", "nickname", "roomId", "platform", "Duration", "speakers", "timestamp", "isSpeak"]
)


def build(builder: RowBuilder, body: object, **attributes: str) -> Loaded:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return builder.build(data, ATTRIBUTES | attributes, delivery_id="d", stored_at=STORED_AT)


@pytest.mark.parametrize(
    ("ingest_id", "retry_key"),
    [
        (ATTRIBUTES["ingest_id"], None),
        *[(own, own) for own in of_request("demo", "chat", "1", [b"{}"])],
        ("i1", "i1"),
    ],
)
def test_only_an_event_that_its_sender_can_send_again_has_a_retry_key(
    builder: RowBuilder, ingest_id: str, retry_key: str | None
) -> None:
    row = build(builder, {"event": "name_set"}, ingest_id=ingest_id).row
    assert row.get("retry_key") == retry_key


def test_the_documented_example(builder: RowBuilder, keys: PseudonymKeys) -> None:
    sample = (ROOT / "docs/samples/following_filter_toggle.json").read_bytes()
    loaded = build(builder, sample)
    key = user_key(keys.current, "dev", "454334341212")
    received_at = to_timestamp(RECEIVED_AT)
    assert loaded.row == {
        "ingest_id": ATTRIBUTES["ingest_id"],
        "delivery_id": "d",
        "received_at": received_at,
        "stored_at": STORED_AT,
        "kind": "chat",
        "partner": "demo",
        "project": "dev",
        "event": "following_filter_toggle",
        "catalogued": True,
        "room_id": "test_33",
        "user_key": key,
        "platform": "none",
        "source": "room",
        "screen_size": "2056x1164",
        "properties": {"status": "on"},
        "flags": [],
    }
    assert loaded.person == Identity(
        "demo", "dev", key, 1, "454334341212", "Andy", received_at or 0
    )
    assert builder.identity(loaded.person) == {
        "partner": "demo",
        "project": "dev",
        "user_key": key,
        "key_version": 1,
        "user_id": "454334341212",
        "nickname": "Andy",
        "first_seen": received_at,
        "last_seen": received_at,
    }
    assert IDENTITIES.encode(builder.identity(loaded.person))


@pytest.mark.parametrize(
    "sample", sorted((ROOT / "docs/samples").glob("*.json")), ids=lambda file: str(file.stem)
)
def test_every_sample_becomes_a_row_without_remarks(builder: RowBuilder, sample: Path) -> None:
    kind = "room" if sample.stem.startswith("room_") and sample.stem != "room_opened" else "chat"
    body = json.loads(sample.read_bytes())
    row = build(builder, body, kind=kind).row
    assert (row["event"], row["catalogued"]) == (body["event"], True)
    assert "extra" not in row
    assert row["flags"] == []
    assert body["value"].get("nickname", "?") not in json.dumps(row)
    assert EVENTS.encode(row)


def test_user_id_as_number_and_as_text_are_one_person(builder: RowBuilder) -> None:
    as_number = build(builder, {"event": "room_opened", "value": {"user_id": 454334341212}})
    as_text = build(builder, {"event": "room_opened", "value": {"user_id": "454334341212"}})
    assert as_number.row["user_key"] == as_text.row["user_key"]


def test_an_uncatalogued_event_gets_snake_case(builder: RowBuilder) -> None:
    row = build(builder, {"event": "Brand-New", "value": {"thing": [1], "user_id": "u"}}).row
    assert (row["event"], row["catalogued"]) == ("brand_new", False)
    assert json.loads(str(row["extra"])) == {"thing": [1]}
    assert row["flags"] == ["unknown:thing"]
    assert "properties" not in row


def test_a_catalogued_event_gets_the_catalogues_spelling(builder: RowBuilder) -> None:
    assert build(builder, {"event": "USER-list_Opened", "value": {}}).row["event"] is not None
    row = build(builder, {"event": "userList_opened", "value": {}}).row
    assert (row["event"], row["catalogued"]) == ("user-list_opened", True)


def test_a_test_delivery_keeps_its_body(builder: RowBuilder) -> None:
    attributes = {name: text for name, text in ATTRIBUTES.items() if name != "project"}
    loaded = builder.build(
        b'{"message": "hello", "user_id": "u"}',
        attributes | {"kind": "test"},
        delivery_id="d",
        stored_at=STORED_AT,
    )
    assert loaded.person is None
    assert "user_key" not in loaded.row
    assert json.loads(str(loaded.row["extra"])) == {"message": "hello"}
    assert (loaded.row["project"], loaded.row["event"]) == (None, None)
    assert EVENTS.encode(loaded.row)


def test_a_scalar_body_is_kept(builder: RowBuilder) -> None:
    assert build(builder, [1, 2], kind="test").row["extra"] == '{"body":[1,2]}'


@pytest.mark.parametrize(
    ("received_at", "version"),
    [
        ("2026-11-22T14:25:32.999999Z", 1),
        ("2026-11-22T14:25:33Z", 2),
        ("2026-11-22T15:25:32+01:00", 1),
    ],
)
def test_a_row_has_the_key_of_its_receipt_however_late_it_is_loaded(
    received_at: str, version: int
) -> None:
    since = datetime(2026, 11, 22, 14, 25, 33, tzinfo=UTC)
    keys = PseudonymKeys(2, {1: b"1" * 32, 2: b"2" * 32}, {2: since})
    builder = RowBuilder(load_catalogue(), keys)
    value = {"user_id": "u", "speakers": ["a"]}
    loaded = builder.build(
        json.dumps({"event": "room_updated", "value": value}).encode(),
        ATTRIBUTES | {"received_at": received_at, "kind": "room"},
        delivery_id="d",
        stored_at=STORED_AT + 30 * 86_400_000_000,
    )
    key = keys.by_version[version]
    assert loaded.row["user_key"] == user_key(key, "dev", "u")
    assert loaded.row["room"] == {"speakers": [user_key(key, "dev", "a")], "speaker_count": 1}
    assert loaded.person is not None
    identity = builder.identity(loaded.person)
    assert (identity["user_key"], identity["key_version"]) == (loaded.row["user_key"], version)


def test_a_room_has_its_speakers_as_user_keys(builder: RowBuilder, keys: PseudonymKeys) -> None:
    body = {"event": "room_updated", "value": {"id": 5, "speakers": ["a", 2, "a"]}}
    row = build(builder, body, kind="room").row
    speakers = [user_key(keys.current, "dev", user) for user in ("a", "2")]
    assert (row["room_id"], row["room"]) == ("5", {"speakers": speakers, "speaker_count": 2})


@pytest.mark.parametrize("missing", ["ingest_id", "received_at", "kind", "partner"])
def test_a_missing_attribute_is_bad(builder: RowBuilder, missing: str) -> None:
    attributes = {name: text for name, text in ATTRIBUTES.items() if name != missing}
    with pytest.raises(BadMessage, match="bad_attributes"):
        builder.build(b"{}", attributes, delivery_id="d", stored_at=STORED_AT)


def test_broken_json_is_bad(builder: RowBuilder) -> None:
    with pytest.raises(BadMessage, match="not_json"):
        build(builder, b'{"event": ')


@pytest.mark.parametrize("received_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_utc_does_not_have_is_bad(builder: RowBuilder, received_at: str) -> None:
    with pytest.raises(BadMessage, match="bad_attributes"):
        build(builder, {"event": "room_opened"}, received_at=received_at)


def test_an_endless_event_name_is_cut(builder: RowBuilder) -> None:
    assert build(builder, {"event": "ü" * 2000}).row["event"] == "ü" * 512


@settings(max_examples=40)
@given(
    kind=st.sampled_from(["chat", "room", "test"]),
    event=st.sampled_from(["session_time", "room_updated", "new"]) | JSON,
    value=st.dictionaries(NAMES | st.text(), JSON, max_size=6) | JSON,
)
def test_any_json_becomes_a_row_that_can_be_encoded(
    builder: RowBuilder, kind: str, event: Any, value: Any
) -> None:
    row = build(builder, {"event": event, "value": value}, kind=kind).row
    assert EVENTS.encode(row)
    assert "" not in row.values()


@pytest.mark.parametrize("received_at", ["2016-11-24T14:25:33Z", "2027-11-22T14:25:33Z"])
def test_the_oldest_and_the_latest_time_that_a_partition_takes(
    builder: RowBuilder, received_at: str
) -> None:
    loaded = build(builder, {"event": "room_opened"}, received_at=received_at)
    assert loaded.received_at == to_timestamp(received_at)


@pytest.mark.parametrize("received_at", ["2016-11-24T14:25:32Z", "2027-11-22T14:25:34Z"])
def test_a_time_that_no_partition_takes_is_bad(builder: RowBuilder, received_at: str) -> None:
    with pytest.raises(BadMessage, match="time_out_of_range"):
        build(builder, {"event": "room_opened"}, received_at=received_at)
