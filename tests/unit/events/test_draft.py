from typing import Any

import pytest

from functions.events.catalogue import load_catalogue
from functions.events.coerce import to_timestamp
from functions.events.draft import MAX_FLAGS, Draft
from functions.events.layout import Layouts

RECEIVED_AT = to_timestamp("2026-11-22T14:25:32.123456Z") or 0
LAYOUTS = Layouts(load_catalogue())


def draft(event: str, **properties: Any) -> Draft:
    filled = Draft(RECEIVED_AT, "dev")
    filled.fill(properties, LAYOUTS.find("chat", event))
    return filled


def room(**properties: Any) -> Draft:
    filled = Draft(RECEIVED_AT, "dev")
    filled.fill(properties, LAYOUTS.find("room", "room_updated"))
    return filled


def test_properties_go_where_they_belong() -> None:
    filled = draft("session_time", Duration="30", eventId=16888417, platform="web", user_id=7)
    assert filled.record == {"duration": 30}
    assert filled.columns == {"room_id": "16888417", "platform": "web"}
    assert filled.user_id == "7"
    assert (filled.extra, filled.flags) == ({}, [])


def test_unknown_properties_are_kept_and_named() -> None:
    filled = draft("session_time", newThing={"a": 1}, **{"имя": 2, "9": None})
    assert filled.extra == {"newThing": {"a": 1}, "имя": 2, "9": None}
    assert filled.flags == ["unknown:new_thing", "unknown:*"]


def test_a_value_that_cannot_be_coerced_is_kept_under_its_canonical_name() -> None:
    filled = draft("session_time", Duration="long")
    assert filled.record == {}
    assert filled.extra == {"duration": "long"}
    assert filled.flags == ["not_coerced:duration"]


def test_a_value_outside_the_list_is_kept_and_flagged() -> None:
    filled = draft("session_started", room_status="elsewhere")
    assert filled.record == {"room_status": "elsewhere"}
    assert filled.flags == ["out_of_list:room_status"]


def test_null_and_empty_are_not_known() -> None:
    filled = draft("session_time", platform="", Duration=None, platformUserAgent="", event_id="")
    assert (filled.columns, filled.record, filled.extra, filled.flags) == ({}, {}, {}, [])


def test_a_blank_user_id_is_flagged() -> None:
    filled = draft("session_time", user_id="")
    assert filled.user_id is None
    assert filled.flags == ["placeholder:user_id"]


def test_the_first_of_two_names_of_one_property_wins() -> None:
    filled = draft("session_time", event_id="a", roomId="b")
    assert filled.columns == {"room_id": "a"}
    assert filled.extra == {"roomId": "b"}
    assert filled.flags == ["duplicate:event_id"]


def test_an_empty_first_name_does_not_win() -> None:
    assert draft("session_time", event_id="", roomId="b").columns == {"room_id": "b"}


def test_personal_values_are_kept_nowhere_but_as_person() -> None:
    filled = draft(
        "session_time",
        user_id={"id": "secret"},
        userId=["secret"],
        nickname={"first": "secret"},
        nick="Andy",
        user_name="second secret",
        platformUserAgent=["secret"],
    )
    assert filled.extra == {}
    assert "secret" not in repr((filled.columns, filled.record, filled.flags))
    assert filled.nickname == "Andy"
    assert filled.user_id is None
    assert sorted(filled.flags) == [
        "duplicate:nickname",
        "not_coerced:nickname",
        "not_coerced:platform_user_agent",
        "not_coerced:user_id",
    ]


def test_a_sane_time_is_kept() -> None:
    filled = draft("session_time", timestamp="2026-11-22T10:00:00+02:00")
    assert filled.columns == {"occurred_at": to_timestamp("2026-11-22T08:00:00Z")}


@pytest.mark.parametrize("time", ["2014-12-31T23:59:59Z", "2026-11-23T14:25:32.123457Z", 0])
def test_an_insane_time_is_kept_aside(time: object) -> None:
    filled = draft("session_time", timestamp=time)
    assert filled.columns == {}
    assert filled.extra == {"occurred_at": time}
    assert filled.flags == ["not_sane:occurred_at"]


def test_the_project_is_that_of_the_envelope() -> None:
    assert draft("session_time", project="dev").extra == {}
    assert draft("session_time", project="other").extra == {"project": "other"}


def test_flags_are_bounded() -> None:
    filled = draft("session_time", **{f"unknown{number}": 1 for number in range(100)})
    assert len(filled.flags) == MAX_FLAGS
    assert len(filled.extra) == 100


def test_a_room() -> None:
    filled = room(
        id=5,
        name="Final",
        isSpeak="1",
        startTime="2024-12-31 05:33:32",
        status="LIVE",
        speakers=["a", 2, {"userId": 3, "nickname": "secret"}, None],
    )
    assert filled.columns == {"room_id": "5"}
    assert filled.record == {
        "name": "Final",
        "is_speak": True,
        "start_time": to_timestamp("2024-12-31T05:33:32Z"),
        "status": "LIVE",
    }
    assert filled.speakers == ["a", "2", "3"]
    assert (filled.extra, filled.flags) == ({}, [])


def test_speakers_that_cannot_be_read_are_not_kept() -> None:
    filled = room(speakers=[{"nickname": "secret"}])
    assert (filled.speakers, filled.extra) == (None, {})
    assert filled.flags == ["not_coerced:speakers"]
