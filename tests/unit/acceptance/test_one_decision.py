"""Only the members that name project and person decide about them, whatever else a body has."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.body import parse
from functions.acceptance.partners import Partner
from functions.acceptance.placement import place
from functions.acceptance.sender import Sender, message_of
from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.events.message import message_again
from functions.events.person import user_id
from functions.load.row import RowBuilder
from functions.secrets.pseudonym_keys import PseudonymKeys, user_key

KEYS = PseudonymKeys(1, {1: b"1" * 32})
ROWS = RowBuilder(load_catalogue(), KEYS)
LAYOUTS = Layouts(load_catalogue())
PARTNER = Partner(("0" * 64,), {"acme-eu": "eu", "acme-us": "us"})
ONLY = Partner(("0" * 64,), {"acme-eu": "eu"})
STORED_AT = 1_795_000_000_000_000

BLANKS = st.sampled_from([None, "", " ", "\t\n"])
NO_NAMES = BLANKS | st.integers() | st.lists(st.text(), max_size=2) | st.booleans()
NAMES = st.sampled_from(["emoji_sent", "Emoji-Sent", "brand new", "!", "\0", "\ud83d"]) | NO_NAMES
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
UNKNOWN = st.dictionaries(
    st.sampled_from(["x", "Extra", "", "projects", "user id of", "event-x", "platform", "number"]),
    SCALARS | st.lists(SCALARS, max_size=2),
    max_size=4,
)
OTHER_SPELLINGS = st.dictionaries(
    st.sampled_from(["Project", "PROJECT", "uid", "userId", "external_id", "USER_ID"]),
    BLANKS | st.just("other"),
    max_size=4,
)


def decided(body: bytes, partner: Partner = PARTNER, kind: Any = "chat") -> tuple[Any, Any]:
    """Return the placement and the person of an event, on which all functions must agree."""
    [event] = parse(body, 10)
    placement = place(event, partner, "eu", 1_000_000)
    if placement.status != 200:
        return placement, None
    sender = Sender("acme", partner, kind, "")
    message = message_of(event, placement.project, sender, "i", 0, "2026-11-22T12:00:00.000000Z")
    attributes = message.attributes.to_mapping()
    loaded = ROWS.build(event.data, attributes, delivery_id="d", stored_at=STORED_AT)
    assert attributes.get("event") == loaded.row["event"]
    assert message_again(event.data, attributes | {"event": "Foreign"}) == message
    person = loaded.person.user_id if loaded.person else None
    assert person == user_id(event.data, message.attributes.kind, LAYOUTS)
    return placement, person


def _same(name: str, text: Any, project: str) -> Any:
    """Replace the text "other" in a member `project` by the project of the event."""
    return project if text == "other" and name.lower() == "project" else text


@given(
    project=st.sampled_from(["acme-eu", "acme-us", "nobody's"]),
    name=NAMES,
    value=UNKNOWN,
    beside=UNKNOWN,
    others=OTHER_SPELLINGS,
    others_beside=OTHER_SPELLINGS | st.just({"project": "other", "user_id": "bob"}),
    data=st.data(),
)
def test_nothing_else_in_a_body_decides_about_project_and_person(
    project: str, name: Any, value: Any, beside: Any, others: Any, others_beside: Any, data: Any
) -> None:
    properties = {"project": project, "user_id": "ann"}
    others, others_beside = (
        {name: _same(name, text, project) for name, text in members.items()}
        for members in (others, others_beside)
    )
    plain = json.dumps({"event": "emoji_sent", "value": properties}).encode()
    inner = data.draw(st.permutations([*(value | others | properties).items()]))
    body = {"event": name, "value": dict(inner)} | beside | others_beside
    shuffled = dict(data.draw(st.permutations([*body.items()])))
    assert decided(json.dumps(shuffled).encode()) == decided(plain)
    without_name = {member: content for member, content in shuffled.items() if member != "event"}
    assert decided(json.dumps(without_name).encode()) == decided(plain)


@given(st.lists(st.sampled_from(["Project", "PROJECT", "project "]), min_size=1, unique=True))
def test_the_order_of_spellings_makes_no_difference(names: list[str]) -> None:
    members = dict(zip(names, ["acme-us", "acme-eu", "x"], strict=False))
    backwards = dict(reversed(members.items()))
    first, second = (
        decided(json.dumps({"event": "e", "value": value_members}).encode())
        for value_members in (members, backwards)
    )
    assert first == second


@pytest.mark.parametrize("at", ["value", "beside"])
@pytest.mark.parametrize("spelling", ["project", "Project", "PROJECT"])
@pytest.mark.parametrize("name", ["emoji_sent", "", " ", None, 7, ["emoji_sent"], {}])
def test_a_blank_name_does_not_skip_placement(name: Any, spelling: str, at: str) -> None:
    for project, status in (("acme-us", 421), ("rival", 422), ("acme-eu", 200)):
        properties = {spelling: project, "uid": "ann"}
        body = (
            {"event": name, "value": properties} if at == "value" else {"event": name} | properties
        )
        placement, person = decided(json.dumps(body).encode())
        assert placement.status == status
        assert person == ("ann" if status == 200 else None)


@pytest.mark.parametrize("kind", ["chat", "room"])
@pytest.mark.parametrize(
    "body",
    [
        {"value": {"user_id": "ann"}},
        {"event": "", "value": {"user_id": "ann"}},
        {"event": None, "userId": "ann"},
        {"event": 5, "value": {"uid": "ann"}},
        {"Event": ["x"], "Value": {"USER-ID": "ann"}},
        {"event": {}, "user": "ann"},
    ],
)
def test_an_event_without_a_usable_name_is_stored_with_its_person(body: Any, kind: Any) -> None:
    [event] = parse(json.dumps(body).encode(), 10)
    assert not event.is_test
    sender = Sender("acme", ONLY, kind, "")
    message = message_of(event, "acme-eu", sender, "i", 0, "2026-11-22T12:00:00.000000Z")
    assert (message.attributes.kind, message.attributes.event) == (kind, None)
    row = ROWS.build(
        event.data, message.attributes.to_mapping(), delivery_id="d", stored_at=STORED_AT
    ).row
    assert (row["kind"], row["event"], row["catalogued"]) == (kind, None, False)
    assert "unnamed:event" in str(row["flags"])
    assert row["user_key"] == user_key(KEYS.current, "acme-eu", "ann")


@pytest.mark.parametrize(
    "body",
    [{}, [], None, "text", 7, {"event": ""}, {"event": None}, {"event": " "}, {"pong": 1}],
)
def test_a_body_without_any_part_of_an_event_is_a_test_delivery(body: Any) -> None:
    [event] = parse(json.dumps(body).encode(), 10)
    assert event.is_test
    message = message_of(
        event, None, Sender("acme", PARTNER, "chat", ""), "i", 0, "2026-11-22T12:00Z"
    )
    assert message.attributes.kind == "test"


def test_events_of_one_request_keep_their_order() -> None:
    """Two messages with the same time need an order: a restoration would always win otherwise."""
    names = [b"account_restored", b"delete_profile_confirmed"] * 2
    form = b'{"event":"%b","value":{"project":"acme-eu","user_id":"ann"}}'
    events = parse(b"[" + b",".join(form % name for name in names) + b"]", 10)
    sender = Sender("acme", PARTNER, "chat", "")
    messages = [
        message_of(event, "acme-eu", sender, "i", position, "2026-11-22T23:59:59.999998Z")
        for position, event in enumerate(events)
    ]
    assert [(message.attributes.event, message.attributes.received_at) for message in messages] == [
        ("account_restored", "2026-11-22T23:59:59.999998Z"),
        ("delete_profile_confirmed", "2026-11-22T23:59:59.999999Z"),
        ("account_restored", "2026-11-23T00:00:00.000000Z"),
        ("delete_profile_confirmed", "2026-11-23T00:00:00.000001Z"),
    ]


@pytest.mark.parametrize("kind", ["chat", "room"])
def test_every_event_of_a_kind_reads_project_and_person_from_the_same_names(kind: Any) -> None:
    catalogue = load_catalogue()
    events = catalogue.events if kind == "chat" else catalogue.room_events
    layouts = [LAYOUTS.find(kind, name) for name in (None, *(event.name for event in events))]
    decisions = [
        {
            name: destination.target
            for name, destination in layout.destinations.items()
            if destination.target in {"project", "user_id", "speakers"}
        }
        for layout in layouts
    ]
    assert all(decision == decisions[0] for decision in decisions)


@pytest.mark.parametrize(
    "odd",
    [
        b"1e400", b"-1e999", b"9" * 5_000, b"-" + b"9" * 4_300, b"-0", b"-0.0", b'"\\ud83d"',
        b'"\\u0000"', b"67.174118", b"1760509016.282637", b"18446744073709551616",
        b"[" * 490 + b"]" * 490, b'{"a":' * 490 + b"1" + b"}" * 490, b'"0000-00-00"',
        b'"10000-01-01T00:00:00Z"', b"99999999999999999999",
    ],
    ids=lambda odd: odd[:12].decode(),
)  # fmt: skip
@pytest.mark.parametrize("member", ["x", "emoji", "user_id", "event_id", "timestamp", "nickname"])
@pytest.mark.parametrize("name", ["emoji_sent", ""])
def test_an_event_that_is_answered_with_200_becomes_a_row(
    name: str, member: str, odd: bytes
) -> None:
    form = b'{"event":"%b","value":{"project":"acme-eu","%b":%b}}'
    body = form % (name.encode(), member.encode(), odd)
    placement, _ = decided(body)
    assert placement.status == 200
    [alone], [_, in_array] = parse(body, 10), parse(b'[{"event":"\\ud83d"},%b]' % body, 10)
    assert alone == in_array
