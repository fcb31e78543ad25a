"""Some values identify a person, and some do not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.catalogue import load_catalogue
from functions.events.coerce import EXACT, NotCoerced, to_id
from functions.events.identity import plain, to_identity, to_speaker, without_speakers

LOOKUP = load_catalogue().fallback("room").lookup
PLACEHOLDERS = LOOKUP["user_id"].placeholders
INVISIBLE = st.text(st.sampled_from(" \t\n\u00a0\u200b\u2060\ufeff"), max_size=3)


def refusal(value: object) -> str:
    with pytest.raises(NotCoerced) as refused:
        to_identity(value, frozenset(PLACEHOLDERS))
    return refused.value.finding


@given(st.integers(-EXACT + 1, EXACT - 1))
def test_a_number_and_its_float_are_one_person(number: int) -> None:
    assert to_id(number) == to_id(float(number)) == str(number)
    assert to_id(json.loads(f"{number}e0")) == str(number)


@given(st.floats())
def test_no_two_floats_are_the_same_person(number: float) -> None:
    try:
        text = to_id(number)
    except NotCoerced:
        assert abs(number) >= EXACT or not number.is_integer()
        return
    assert text is not None
    assert int(text) == number


@given(st.text())
def test_a_text_never_changes(text: str) -> None:
    assert to_id(text) == (text if text.strip() else None)


@given(st.sampled_from(PLACEHOLDERS), st.sampled_from([str, str.upper, str.title]), INVISIBLE)
def test_a_placeholder_is_never_a_person(word: str, spell: type[str], around: str) -> None:
    assert refusal(around + spell(word) + around) == "placeholder"
    assert refusal(around) == "placeholder"


@given(st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_other_texts_are_people(text: str) -> None:
    if plain(text) not in PLACEHOLDERS:
        assert to_identity(text, frozenset(PLACEHOLDERS)) == text


def test_a_blank_room_is_not_known() -> None:
    rooms = frozenset(LOOKUP["event_id"].placeholders)
    assert to_identity(" \u200b", rooms) is None
    assert to_identity("0", rooms) == "0"


@pytest.mark.parametrize("value", [None, True, False, [], ["a"], {}, 1.5, float("nan"), 2.0**53])
def test_other_values_are_not_ids(value: object) -> None:
    assert refusal(value) == "not_coerced"


def test_speakers_are_people() -> None:
    words = frozenset(PLACEHOLDERS)
    assert to_speaker({"id": 1, "userId": 2.0}, words) == "2"
    assert to_speaker({"user_id": None, "id": "a"}, words) == "a"
    refused: dict[str, list[object]] = {
        "placeholder": ["none", {"id": "undefined"}, {"id": 0}],
        "not_coerced": [{}, {"name": "a"}, {"id": ["a"]}],
    }
    for finding, elements in refused.items():
        for element in elements:
            with pytest.raises(NotCoerced, match=finding):
                to_speaker(element, words)


def test_speakers_are_left_out_however_they_are_written() -> None:
    elements: list[object] = ["a", 2.0, {"id": "b"}, {"nickname": "x"}]
    members: list[object] = [elements, json.dumps(elements), {"0": "a", "1": '["b"]'}]
    for member in members:
        assert "a" not in without_speakers(member, lambda speaker: speaker == "a")
    assert without_speakers(elements, lambda speaker: speaker != "2") == [2.0]
    assert without_speakers(elements, lambda speaker: speaker == "b") == ["a", 2.0, elements[3]]
