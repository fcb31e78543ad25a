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
