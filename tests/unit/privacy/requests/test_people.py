"""Requests read ids of people by the rules by which `load` reads the ids in events."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.events.person import user_id
from functions.privacy.erasures.request import ErasureRequest
from functions.privacy.exports.endpoint import ExportRequest
from functions.privacy.holds import HoldRequest
from functions.privacy.reports.lookups import LookupRequest
from functions.privacy.requests.people import LONGEST_ID, Person, decode
from functions.web.malformed import describe

LAYOUTS = Layouts(load_catalogue())
PLACEHOLDERS = load_catalogue().fallback("chat").lookup["user_id"].placeholders
IDS = (
    st.text(max_size=5)
    | st.sampled_from(PLACEHOLDERS)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.lists(st.text(max_size=2), max_size=2)
    | st.sampled_from([1.6888417e7, 2.0**53, 0, "0", " NULL ", "\u200b"])
)


def person(*ids: object) -> list[str]:
    return list(decode(json.dumps({"ids": ids}).encode(), Person).ids)


@given(IDS)
def test_an_id_is_the_person_whom_an_event_with_it_is_about(sent: object) -> None:
    event = json.dumps({"event": "room_opened", "value": {"user_id": sent}}).encode()
    expected = user_id(event, "chat", LAYOUTS)
    if expected is not None:
        assert person(sent) == [expected]
        return
    with pytest.raises(msgspec.ValidationError):
        person(sent)


@pytest.mark.parametrize("word", ["none", "Undefined", " null", "NaN", "[object Object]", 0, ""])
def test_a_placeholder_is_refused_and_the_error_names_the_field(word: object) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        person("ann", word)
    assert describe(refused.value) == (
        "An id must identify one person: blanks and words such as `none` or `null` cannot"
        " - at `$.ids[1]`"
    )


@pytest.mark.parametrize("wrong", [1e16, 7.5, True, {"id": "secret"}, None, "secret" * 200])
def test_other_wrong_ids_are_refused_without_repeating_them(wrong: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.ids\[0\]`") as refused:
        person(wrong)
    assert "secret" not in describe(refused.value)


def test_an_id_has_at_most_so_many_characters() -> None:
    assert person("a" * LONGEST_ID)
    with pytest.raises(msgspec.ValidationError, match="Expected 1 to 1024 characters"):
        person("a" * (LONGEST_ID + 1))


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (ErasureRequest, {"people": [{"ids": ["IDS"]}]}),
        (ExportRequest, {"ids": ["IDS"]}),
        (HoldRequest, {"ids": ["IDS"], "reason": "r", "until": "2027-01-01T00:00:00Z"}),
        (LookupRequest, {"ids": ["IDS"], "reason": "r"}),
    ],
)
def test_every_request_about_people_reads_ids_by_these_rules(
    form: type[msgspec.Struct], body: dict[str, object]
) -> None:
    text = json.dumps({"project": "dev"} | body)
    assert "'16888417'" in repr(decode(text.replace('"IDS"', "1.6888417E7").encode(), form))
    with pytest.raises(msgspec.ValidationError, match="must identify one person"):
        decode(text.replace("IDS", "undefined").encode(), form)
