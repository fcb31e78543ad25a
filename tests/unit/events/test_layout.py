from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts

LAYOUTS = Layouts(load_catalogue())


def test_an_events_own_properties_go_to_its_record_and_common_ones_to_columns() -> None:
    layout = LAYOUTS.find("chat", "Session-Time")
    assert (layout.name, layout.record) == ("session_time", "properties")
    assert [layout.destinations[name].target for name in ("duration", "platform")] == [
        "record",
        "column",
    ]


def test_any_spelling_of_a_name_is_found() -> None:
    layout = LAYOUTS.find("chat", "session_time")
    assert "platformUserAgent" in layout.destinations
    for spelling in ("Platform-User Agent", "PlatformUserAgent"):
        destination = layout.find(spelling)
        assert destination is not None
        assert destination.target == "user_agent"
    assert layout.find("whatever") is None


def test_an_uncatalogued_event_has_the_common_properties() -> None:
    layout = LAYOUTS.find("chat", "brand_new")
    assert layout.name is None
    assert "user_id" in layout.destinations
    assert "duration" not in layout.destinations


def test_a_delivery_without_an_event_has_the_common_properties() -> None:
    assert LAYOUTS.find("test", None).name is None


def test_a_room_event_has_the_rooms_fields() -> None:
    for name in ("room_created", "brand_new"):
        layout = LAYOUTS.find("room", name)
        assert layout.record == "room"
        assert layout.destinations["status"].target == "record"
        assert layout.destinations["speakers"].target == "speakers"


def test_no_personal_property_is_stored_as_sent() -> None:
    catalogue = load_catalogue()
    for kind, events in (("chat", catalogue.events), ("room", catalogue.room_events)):
        for event in events:
            destinations = LAYOUTS.find(
                "room" if kind == "room" else "chat", event.name
            ).destinations
            for prop in event.lookup.values():
                if prop.privacy != "analytical":
                    assert destinations[prop.name].private
                    assert destinations[prop.name].target not in {"column", "record"}


def test_parts_of_a_property_have_numbered_names() -> None:
    layout = LAYOUTS.find("chat", "pq_answer_sent")
    for name in ("answer_1", "Answer 12", "answers[0]", "answerText3"):
        destination = layout.find(name)
        assert destination is not None
        assert destination.name == "answer"
    for name in ("answer_x", "1", "question_1", "answer_12345", "_1"):
        assert layout.find(name) is None
    assert LAYOUTS.find("chat", "pq_opened").find("answer_1") is None


def test_only_one_event_has_names_that_belong_to_two_properties() -> None:
    shared = {
        event.name: sorted(
            name
            for name, destination in LAYOUTS.find("chat", event.name).destinations.items()
            if destination.otherwise is not None
        )
        for event in load_catalogue().events
        if LAYOUTS.find("chat", event.name).is_shared
    }
    assert shared == {"records_play": ["time", "timestamp", "ts"]}
    assert not any(
        LAYOUTS.find("room", event.name).is_shared for event in load_catalogue().room_events
    )
