import copy
import functools
import math
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from functions.events.attributes import KINDS
from functions.events.catalogue import SOURCE, load_catalogue, parse, snake_case
from functions.events.coerce import Limits

DOCUMENTED = [
    "session_started",
    "room_opened",
    "la_opened",
    "la_closed",
    "agreement_accepted",
    "name_set",
    "avatar_set",
    "settings_opened",
    "settings_closed",
    "profile_opened",
    "change_avatar_pressed",
    "avatar_changed",
    "change_name_pressed",
    "name_changed",
    "banned_opened",
    "unblocking_pressed",
    "delete_profile_pressed",
    "delete_profile_confirmed",
    "delete_profile_cancelled",
    "account_restored",
    "user-list_opened",
    "user-list_closed",
    "message_sent",
    "message_changed",
    "scrolled_to_unread_messages",
    "message_text_copied",
    "report_pressed",
    "report_sent",
    "report_cancelled",
    "emo_panel_pressed",
    "emoji_sent",
    "pq_opened",
    "pq_viewed",
    "pq_answer_sent",
    "pq_closed",
    "hl_viewed",
    "hl_button_pressed",
    "bad_connection",
    "ff_stream_evaluated",
    "ff_stream_type_of_problem_selected",
    "ff_stream_connection_tested",
    "ff_stream_success",
    "ff_stream_closed",
    "message_reaction_sent",
    "sticker_button_pressed",
    "sticker_sent",
    "message_sending_blocked_slowmode",
    "betshare_list_opened",
    "betshare_list_bet_shared",
    "betshare_chat_repeated",
    "records_player",
    "records_play",
    "records_pause",
    "records_forward",
    "records_back",
    "records_speed_changed",
    "session_time",
    "ip_viewed",
    "ip_button_pressed",
    "autotranslation_toggle",
    "autotranslation_language",
    "following_filter_toggle",
]


def test_catalogue_has_every_documented_event_once() -> None:
    assert [event.name for event in load_catalogue().events] == DOCUMENTED
    assert len(DOCUMENTED) == len(set(DOCUMENTED)) == 62


def test_views_are_named_after_the_events() -> None:
    views = [event.view for event in load_catalogue().events]
    assert "event_user_list_opened" in views
    assert len(set(views)) == 62


@pytest.mark.parametrize(
    ("event", "documented"),
    [
        ("session_started", {"room_status": "string"}),
        ("message_sent", {"message_type": "string"}),
        ("report_sent", {"type": "string"}),
        ("emoji_sent", {"ordinal": "integer"}),
        (
            "pq_opened",
            {"type": "string", "user_status": "string", "question": "string", "img": "boolean"},
        ),
        ("ff_stream_evaluated", {"evaluation": "integer"}),
        ("ff_stream_connection_tested", {"speed": "number", "ping": "number"}),
        ("records_player", {"view": "string"}),
        ("records_play", {"time_stamp": "integer"}),
        ("session_time", {"duration": "integer"}),
        ("ip_viewed", {"header": "string", "show": "string", "show_when": "string"}),
        ("following_filter_toggle", {"status": "string"}),
        ("room_opened", {}),
    ],
)
def test_events_have_their_documented_properties(event: str, documented: dict[str, str]) -> None:
    entry = load_catalogue().event("chat", event)
    assert entry is not None
    assert {prop.name: prop.type for prop in entry.properties} == documented


@pytest.mark.parametrize(
    ("event", "sent", "means"),
    [
        ("session_time", "Duration", "duration"),
        ("records_player", "View", "view"),
        ("emoji_sent", "emojiNumber", "ordinal"),
        ("emoji_sent", "value", "ordinal"),
        ("message_sent", "type", "message_type"),
        ("report_sent", "type", "type"),
        ("room_opened", "roomId", "event_id"),
        ("room_opened", "platformUserAgent", "platform_user_agent"),
        ("room_opened", "timestamp", "occurred_at"),
        ("records_play", "time_stamp", "time_stamp"),
        ("name_set", "name", "nickname"),
    ],
)
def test_properties_are_found_by_what_senders_call_them(event: str, sent: str, means: str) -> None:
    entry = load_catalogue().event("chat", event)
    assert entry is not None
    assert entry.lookup[snake_case(sent)].name == means


@pytest.mark.parametrize(
    ("sent", "column"),
    [
        ("roomId", "room_id"),
        ("id", "room_id"),
        ("event_id", "room_id"),
        ("title", "name"),
        ("name", "name"),
        ("startTime", "start_time"),
        ("isSpeak", "is_speak"),
        ("speakerIds", "speakers"),
        ("userId", "user_key"),
    ],
)
def test_room_properties_are_found_catalogued_or_not(sent: str, column: str) -> None:
    catalogue = load_catalogue()
    known = catalogue.event("room", "Room.Created")
    assert known is not None
    for event in (known, catalogue.fallback("room")):
        assert event.lookup[snake_case(sent)].column == column


def test_age_of_a_room_is_not_taken_for_the_time_of_its_event() -> None:
    assert "created_at" not in load_catalogue().fallback("room").lookup
    assert "created_at" in load_catalogue().fallback("chat").lookup


def test_event_belongs_to_its_webhook() -> None:
    catalogue = load_catalogue()
    assert catalogue.event("chat", "Message-Sent") is catalogue.event("chat", "message_sent")
    assert catalogue.event("room", "message_sent") is None
    assert catalogue.event("chat", "room_created") is None
    assert catalogue.event("test", "message_sent") is None
    assert catalogue.event("chat", "") is None


def test_unknown_events_still_have_the_common_properties() -> None:
    for kind in KINDS:
        lookup = load_catalogue().fallback(kind).lookup
        assert {prop.name for prop in load_catalogue().common} <= {p.name for p in lookup.values()}


def test_people_are_stored_as_user_keys_only() -> None:
    catalogue = load_catalogue()
    personal = {
        prop.name: prop.column
        for event in (*catalogue.events, *catalogue.room_events)
        for prop in event.lookup.values()
        if prop.privacy == "personal"
    }
    assert personal == {"user_id": "user_key", "nickname": None, "speakers": "speakers"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Duration", "duration"),
        ("platformUserAgent", "platform_user_agent"),
        ("user-list_opened", "user_list_opened"),
        ("roomId", "room_id"),
        ("  X y ", "x_y"),
        ("userID", "user_id"),
        ("HTTPStatus", "http_status"),
        ("following\\_filter\\_toggle", "following_filter_toggle"),
        ("__", ""),
        ("", ""),
        ("Straße Ärger", "straße_ärger"),
    ],
)
def test_snake_case(name: str, expected: str) -> None:
    assert snake_case(name) == expected


@given(st.text(max_size=80))
def test_snake_case_is_idempotent_and_clean(name: str) -> None:
    once = snake_case(name)
    assert snake_case(once) == once
    assert not once.startswith("_")
    assert not once.endswith("_")
    assert "__" not in once
    assert once == once.lower()


@given(st.lists(st.from_regex(r"[a-z]{2,6}", fullmatch=True), min_size=1, max_size=5))
def test_spellings_of_one_name_are_one_name(words: list[str]) -> None:
    expected = "_".join(words)
    camel = words[0] + "".join(word.capitalize() for word in words[1:])
    pascal = "".join(word.capitalize() for word in words)
    for spelling in (camel, pascal, "-".join(words), " ".join(words), ".".join(words).upper()):
        assert snake_case(spelling) == expected


@functools.cache
def _real() -> Any:
    return yaml.load(SOURCE.read_bytes(), Loader=yaml.CSafeLoader)


def _prop(**changes: Any) -> dict[str, Any]:
    return {"name": "a", "type": "string", "description": "A.", "examples": ["x"]} | changes


def _event(*properties: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"name": "new", "description": "New.", "properties": list(properties)} | changes


def _with_event(event: dict[str, Any]) -> Callable[[Any], None]:
    return lambda source: source["sections"][0]["events"].append(event)


def _with_property(**changes: Any) -> Callable[[Any], None]:
    return _with_event(_event(_prop(**changes)))


def _with_field(**changes: Any) -> Callable[[Any], None]:
    return lambda source: source["room"]["fields"].append(_prop(**changes))


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda source: source.update(surplus=1), "surplus"),
        (_with_property(privacy="secret"), "privacy"),
        (_with_property(type="text"), "type"),
        (_with_property(name="CamelCase"), "snake_case"),
        (_with_property(aliases=["CamelCase"]), "snake_case"),
        (_with_property(aliases=["a"]), "'a' is given twice"),
        (_with_property(aliases=["b", "b"]), "'b' is given twice"),
        (_with_property(sent_as="B"), "does not spell this name"),
        (_with_property(examples=[]), "either values or examples"),
        (_with_property(values=["y"]), "either values or examples"),
        (_with_property(examples=[True]), "not of type string"),
        (_with_property(type="integer", examples=[True]), "not of type integer"),
        (_with_property(type="integer", examples=[1.5]), "not of type integer"),
        (_with_property(type="number", examples=[float("nan")]), "finite"),
        (_with_property(description="costs $1"), "templates"),
        (_with_property(description="two\nlines"), "one line"),
        (_with_property(description=" "), "one line"),
        (_with_property(privacy="personal"), "privacy of a must be analytical"),
        (_with_property(privacy="reduced", column=None), "privacy of a must be analytical"),
        (_with_property(privacy="reduced"), "no column of its own"),
        (_with_property(column=None), "may have no column"),
        (_with_property(values=["a_b", "A B"], examples=[]), "differ in case or separators"),
        (_with_property(numbered=True), "only a repeated property"),
        (_with_property(fractions="rounded"), "only an integer"),
        (_with_property(type="number", fractions="floored", examples=[1]), "only an integer"),
        (_with_property(type="integer", fractions="up", examples=[1]), "fractions"),
        (_with_property(unit="seconds"), "only an integer or a number"),
        (_with_property(minimum=0), "only an integer or a number"),
        (_with_property(maximum=1), "only an integer or a number"),
        (_with_property(type="number", unit="miles", examples=[1]), "'miles' is not in the list"),
        (_with_property(placeholders=["none"]), "only an id"),
        (_with_property(type="id", placeholders=["None"]), "in lower case"),
        (_with_property(empty=["none"]), "only a repeated property"),
        (_with_property(repeated=True, empty=["None"]), "in lower case"),
        (_with_property(repeated=True, most=5), "only a list of people"),
        (_with_property(type="id", examples=[1]), "not of type id"),
        (lambda source: source["flags"].pop(), "list each finding once"),
        (lambda source: source["flags"][0].update(name="new"), "flags"),
        (_with_property(name="type", type="integer", examples=[1]), "differ"),
        (_with_property(name="type", repeated=True), "differ"),
        (_with_property(name="project"), "is already the name of a common property"),
        (_with_property(aliases=["project"]), "is already the name of a common property"),
        (_with_event(_event(_prop(), _prop())), "'a' is given twice"),
        (_with_event(_event(name="room_opened")), "'room_opened' is given twice"),
        (_with_event(_event(name="Room-Opened")), "'room_opened' is given twice"),
        (_with_event(_event(aliases=["room_opened"])), "'room_opened' is given twice"),
        (_with_event(_event(name="drop'; --")), "pattern"),
        (_with_event(_event(sample={"b": 1})), "unknown properties"),
        (_with_field(name="about"), "'about' is given twice"),
        (
            _with_field(privacy="reduced", column=None),
            "privacy of a must be analytical or personal",
        ),
        (
            lambda source: source["room"]["events"].append(_event(_prop())),
            "has no properties of its own",
        ),
        (lambda source: source["room"]["aliases"].update(nobody=["x"]), "nobody"),
        (lambda source: source["common"].append(_prop(column="room_id")), "'room_id' is given"),
        (lambda source: source["common"].append(_prop(aliases=["user"])), "'user' is given twice"),
    ],
)
def test_bad_catalogue_is_refused_with_its_reason(
    break_it: Callable[[Any], None], reason: str
) -> None:
    source = copy.deepcopy(_real())
    break_it(source)
    with pytest.raises(ValueError, match=reason):
        parse(source)


def test_empty_file_is_refused() -> None:
    with pytest.raises(ValueError, match="Definition"):
        parse(None)


def test_properties_of_one_name_may_differ_in_values_and_meaning() -> None:
    types = load_catalogue().property_columns["type"]
    assert len({prop.values for prop in types}) == 3


def test_a_new_property_is_stored_after_those_that_exist() -> None:
    before = list(load_catalogue().property_columns)
    source = copy.deepcopy(_real())
    source["sections"][-1]["events"].append(_event(_prop()))
    assert list(parse(source).property_columns) == [*before, "a"]


def test_limits_come_from_the_property_or_else_from_its_unit() -> None:
    catalogue = load_catalogue()

    def limits(event: str, name: str) -> Limits | None:
        entry = catalogue.event("chat", event)
        assert entry is not None
        return catalogue.limits(entry.lookup[name])

    assert limits("session_time", "duration") == Limits(0, 86_400)
    assert limits("records_speed_changed", "speed") == Limits(0, math.inf)
    assert limits("ff_stream_connection_tested", "speed") == Limits(0, math.inf)
    assert limits("emoji_sent", "ordinal") == Limits(1, 1_000)
    assert limits("ff_stream_evaluated", "evaluation") is None


def test_every_property_in_seconds_says_what_happens_to_fractions() -> None:
    for event in load_catalogue().events:
        for prop in event.properties:
            if prop.unit == "seconds":
                assert prop.fractions or prop.type == "number", (event.name, prop.name)
