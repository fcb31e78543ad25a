"""Bodies that name two events or two projects are refused, because a choice might be wrong."""

import json

import pytest

from functions.acceptance.ambiguity import LONGEST_LISTED
from functions.acceptance.body import parse_one

VALUE = '"value":{"project":"p","user_id":"u"}'
PADDING = '"x":"' + "x" * 400 + '"'


def fault(body: str) -> str | None:
    event = parse_one(body.encode())
    assert event.data == body.encode()
    assert (event.name is None) == (event.fault is not None)
    return None if event.fault is None else event.fault.code


@pytest.mark.parametrize(
    "body",
    [
        f'{{"event":"a","event":"b",{VALUE}}}',
        f'{{"event":"a",{VALUE},"Event":"b"}}',
        f'{{"EVENT":"a",{VALUE},"Event":"b"}}',
        f'{{"event":"a","\\u0065vent":"b",{VALUE}}}',
        f'{{"event":"a",{VALUE},{VALUE.replace("user_id", "nickname")}}}',
        f'{{"event":"a","value":{{{PADDING},"n":1}},{VALUE}}}',
        f'{{"event":"a",{VALUE},"data":{{"event":"b",{VALUE}}}}}',
        f'{{"event":"a",{VALUE},"Data":{{"event":"a","value":{{"n":1}}}}}}',
        f'{{"data":{{"event":"a",{VALUE}}},"data":{{"event":"b",{VALUE}}},"event":"c"}}',
        f'{{"event":"a","x":{{"event":"c"}},{PADDING},"event":"b",{VALUE}}}',
        f'{{"data":{{"event":"a","event":"b",{VALUE}}}}}',
        json.dumps(f'{{"event":"a","event":"b",{VALUE}}}'),
    ],
)
def test_two_events_are_refused(body: str) -> None:
    assert fault(body) == "event_ambiguous"


@pytest.mark.parametrize(
    "body",
    [
        f'{{"event":"a","project":"q",{VALUE}}}',
        f'{{"event":"a",{VALUE},"Project":7}}',
        '{"event":"a","value":{"project":"p","project":"q"}}',
        '{"event":"a","value":{"project":"p","Project":"q"}}',
        '{"event":"a","value":{"project":"p","PROJECT":"q"}}',
        '{"event":"a","value":{"project":"p","\\u0050roject":"q"}}',
        '{"event":"a","value":{"project":"p"},"Value":{"project":"q"}}',
        f'{{"event":"a","value":{{"project":"p",{PADDING},"y":{{"project":1}},"project":"q"}}}}',
        '{"value":{"project":"p"},"project":"q"}',
    ],
)
def test_two_projects_are_refused(body: str) -> None:
    assert fault(body) == "project_ambiguous"


@pytest.mark.parametrize(
    "body",
    [
        f'{{"event":"a","event":"a",{VALUE}}}',
        f'{{"event":"emoji_sent","Event":"EmojiSent","project":" p ",{VALUE}}}',
        f'{{"event":"a","Event":"","EVENT":7,{VALUE}}}',
        f'{{"event":"a",{VALUE},"Value":{{"n":1}}}}',
        f'{{"event":"a",{VALUE},"data":{{"event":"a",{VALUE}}}}}',
        f'{{"event":"a",{VALUE},"data":{{"x":1}}}}',
        '{"event":"a","value":{"project":"p","event":"b","x":{"event":"c","project":"q"}}}',
        '{"event":"a","value":{"project":"p","project":"p","Project":null}}',
        '{"event":"a","value":{"project":"p","_project_":"q"}}',
        '{"event":"a","value":{"project":"project p","n":"project project"}}',
        '{"event":"a","value":{"project":"p","n":"\\u0041"}}',
        '{"event":"a","val\\u0000ue":{"project":"p","pro\\ud83dject":"p"}}',
    ],
)
def test_one_event_of_one_project_is_accepted(body: str) -> None:
    assert fault(body) is None


def test_the_documented_name_comes_first() -> None:
    event = parse_one(f'{{"Event":"EmojiSent","event":"emoji_sent",{VALUE}}}'.encode())
    assert event.name == "emoji_sent"


def test_a_body_that_is_too_long_to_be_listed_is_refused() -> None:
    long = f'"x":["{"x" * LONGEST_LISTED}",{{"event":"c","project":"q"}}]'
    assert fault(f'{{"event":"a",{long},{VALUE}}}') is None
    assert fault(f'{{"event":"a",{long},"event":"a",{VALUE}}}') == "event_ambiguous"
    nested = f'{{"event":"a","value":{{"project":"p",{long}}}}}'
    assert fault(nested) is None
    assert fault(nested.replace('"p"', '"p","project":"p"')) == "project_ambiguous"
