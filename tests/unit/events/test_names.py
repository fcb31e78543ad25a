"""Each name has one spelling, for the attribute and for the column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.attributes import ATTRIBUTE_BYTES, Kind
from functions.events.names import event_name, is_member, letters, load_names, snake_case

KINDS = st.sampled_from(["chat", "room", "test"])


@pytest.mark.parametrize(
    ("kind", "sent", "expected"),
    [
        ("chat", "Delete_Profile_Confirmed", "delete_profile_confirmed"),
        ("chat", "deleteProfileConfirmed", "delete_profile_confirmed"),
        ("chat", "DELETE_PROFILE_CONFIRMED", "delete_profile_confirmed"),
        ("chat", "delete-profile-confirmed", "delete_profile_confirmed"),
        ("chat", "delete\\_profile\\_confirmed", "delete_profile_confirmed"),
        ("chat", " delete profile confirmed\n", "delete_profile_confirmed"),
        ("chat", "AccountRestored", "account_restored"),
        ("chat", "userListOpened", "user-list_opened"),
        ("room", "RoomUpdated", "room_updated"),
        ("room", "userListOpened", "user_list_opened"),
        ("chat", "Brand-New Thing", "brand_new_thing"),
        ("chat", "!!! ", "!!!"),
        ("chat", "\N{PARTY POPPER}", "\N{PARTY POPPER}"),
        ("chat", "\ud83d", "\N{REPLACEMENT CHARACTER}"),
        ("chat", "\0", "\N{REPLACEMENT CHARACTER}"),
        ("chat", "ü" * 2_000, "ü" * 512),
    ],
)
def test_a_name_has_one_spelling(kind: Kind, sent: str, expected: str) -> None:
    assert event_name(kind, sent) == expected


@given(KINDS, st.text(st.characters(exclude_categories=())).filter(str.strip))
def test_any_name_fits_into_an_attribute_and_is_its_own_name(kind: Kind, sent: str) -> None:
    name = event_name(kind, sent)
    assert name.strip()
    assert 0 < len(name.encode()) <= ATTRIBUTE_BYTES
    assert event_name(kind, name) == name


@pytest.mark.parametrize(
    "name", ["value", "Value", "user_id", "userID", "uid", "title", "Duration"]
)
def test_a_member_of_an_event_is_known_in_any_spelling(name: str) -> None:
    assert is_member(name)


@pytest.mark.parametrize("name", ["event", "hello", "body", "", "!"])
def test_other_names_are_not_of_an_event(name: str) -> None:
    assert not is_member(name)


@given(st.sampled_from(sorted(load_names().members)), st.data())
def test_equal_names_have_equal_letters(name: str, data: st.DataObject) -> None:
    """If `snake_case` makes two names equal, they also have equal `letters`, the quicker test."""
    separators = st.text("_-. \\/\u2013\u0307", max_size=2)
    spelling = "".join(
        data.draw(separators) + (letter.upper() if data.draw(st.booleans()) else letter)
        for letter in name
    )
    if snake_case(spelling) == name:
        assert letters(spelling) == letters(name)


@given(st.text(max_size=30), st.text(max_size=30))
def test_names_with_other_letters_are_different(one: str, other: str) -> None:
    if snake_case(one) == snake_case(other) and snake_case(one).isascii():
        assert letters(one) == letters(other)
