"""Splitting large bodies: the same values as for small ones, without the careful decoder."""

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance import body, large, values, wrapping
from functions.acceptance.body import parse, parse_one
from functions.acceptance.values import SPACE, NotJson
from functions.events.body import CAREFUL_BYTES, MAX_DEPTH

MOST = 100

TEXTS = st.text() | st.text(st.sampled_from('\ud83d\ude00\udfffd8"\\u'))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.sampled_from([1e300, -0.0]),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=8,
)
GAPS = st.sampled_from(["", " ", "\n", "\r\n\t "])


@given(st.lists(JSON, min_size=1), GAPS, st.integers(2, 9))
def test_an_array_is_split_as_python_splits_it(elements: list[object], gap: str, most: int) -> None:
    written = [json.dumps(element) for element in elements]
    text = f"[{gap}{f'{gap},{gap}'.join(written)}{gap}]"
    assert large.split(text.encode(), most) == values.values(text, most)
    assert large.split(text.encode(), MOST) == [one.encode() for one in written]


@given(st.lists(JSON, min_size=2), st.sampled_from(["\n", "\r\n", " \n\n\t"]), st.integers(2, 9))
def test_lines_are_split_as_python_splits_them(
    elements: list[object], separator: str, most: int
) -> None:
    written = [json.dumps(element) for element in elements]
    if written[0].startswith("["):
        return
    text = separator.join(written)
    found = [line.strip(SPACE) for line in large.split(text.encode(), most)]
    assert found == values.values(text, most)


@given(JSON.filter(lambda value: not isinstance(value, list)), GAPS)
def test_one_value_stays_one(value: object, gap: str) -> None:
    text = json.dumps(value, indent=2 if gap else None).encode()
    assert large.split(text, MOST) == [text]


@given(st.binary())
def test_any_bytes_are_split_or_not_json(data: bytes) -> None:
    for text in (data, b"[%b]" % data):
        with contextlib.suppress(NotJson):
            assert large.split(text, MOST)


@pytest.mark.parametrize("most", [2, 999, 1_024, large.MOST_COUNTED, large.MOST_COUNTED + 1])
@pytest.mark.parametrize("separator", [b",", b"\n"])
def test_no_more_values_are_split_off_than_asked_for(most: int, separator: bytes) -> None:
    text = separator.join([b"1"] * 20_000)
    assert large.split(b"[%b]" % text if separator == b"," else text, most) == [b"1"] * most


def test_an_empty_array_stays_one_value() -> None:
    assert large.split(b"[ ]", MOST) == [b"[ ]"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b'[1,"\\ud800" 2]', " at byte 12"),
        (b"[1,]", " at byte 3"),
        (b"[1] 2", " at byte 5"),
        (b"event=a", " at byte 0"),
        (b'{"event":"a"', ""),
        (b"1\n2 3", " at byte 3"),
    ],
)
def test_an_error_says_where_it_is(text: bytes, where: str) -> None:
    with pytest.raises(NotJson) as refused:
        large.split(text, MOST)
    assert str(refused.value) == f"the body is not JSON{where}"


@pytest.mark.parametrize("text", [b"[" * 9_999, b"1\n" + b"[" * 9_999, b"[" * 9_999 + b"]" * 9_999])
def test_what_is_nested_too_deeply_is_no_json(text: bytes) -> None:
    with pytest.raises(NotJson, match="deeply"):
        large.split(text, MOST)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the careful decoder fail for more bytes than it may be used for."""

    def guarded(function: Callable[..., object]) -> Callable[..., object]:
        def guard(text: str | bytes, *others: int) -> object:
            assert len(text) <= CAREFUL_BYTES
            return function(text, *others)

        return guard

    for module, name in (
        (wrapping, "decode_json"),
        (body, "decode_json"),
        (body, "values"),
        (body, "only_value"),
    ):
        monkeypatch.setattr(module, name, guarded(getattr(module, name)))


FILL = b"x" * CAREFUL_BYTES
GOOD = b'{"event":"a","value":{"project":"p","n":"%b"}}'
SPELLED = b'{"Event":"a","Value":{"project":"p","n":"%b"}}'
CUT = b"\\ud83d"


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (GOOD % FILL, [("a", "p", None)]),
        (GOOD % (FILL + CUT), [(None, None, "event_too_large")]),
        (SPELLED % FILL, [(None, None, "event_too_large")]),
        (b'{"data":%b}' % (GOOD % FILL), [(None, None, "event_too_large")]),
        (b'{"x":"%b"}' % FILL, [(None, None, "event_too_large")]),
        (b'"%b"' % FILL, [(None, None, "event_too_large")]),
        (b"[%b]" % (b" " * CAREFUL_BYTES), [(None, None, "event_too_large")]),
        (
            b"[%b,%b,%b]" % (GOOD % CUT, GOOD % FILL, SPELLED % b""),
            [("a", "p", None), ("a", "p", None), ("a", "p", None)],
        ),
        (
            b"%b\n%b\n%b\n{" % (GOOD % CUT, SPELLED % FILL, SPELLED % b""),
            [
                ("a", "p", None),
                (None, None, "event_too_large"),
                ("a", "p", None),
                (None, None, "not_json"),
            ],
        ),
        (
            json.dumps((b"[%b,%b]" % (GOOD % FILL, GOOD % CUT)).decode()).encode(),
            [("a", "p", None), ("a", "p", None)],
        ),
        (GOOD.replace(b'"%b"', b"[%b]") % (b"[0]," * (CAREFUL_BYTES // 4) + b"1"), None),
        (GOOD.replace(b'"%b"', b'["%b"%b]') % (FILL, b",[]" * 501), [("a", "p", None)]),
        (GOOD.replace(b'"%b"', b'["%b",%b1%b]') % (FILL, b"[" * MAX_DEPTH, b"]" * MAX_DEPTH), None),
    ],
)
def test_a_large_body_is_read_without_the_careful_decoder(
    data: bytes, expected: list[tuple[str | None, str | None, str | None]] | None
) -> None:
    events = parse(data, MOST)
    found = [(event.name, event.project, event.fault and event.fault.code) for event in events]
    assert found == (expected or [(None, None, "event_too_large")])
    assert not any(event.is_test for event in events)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "data",
    [
        FILL,
        (GOOD % FILL)[:-1],
        b'{"n":NaN,"x":"%b"}' % FILL,
        b"\n" * len(FILL),
        b'{\n"x":"%b"' % FILL,
    ],
)
def test_a_large_body_that_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(NotJson):
        parse(data, MOST)
    with pytest.raises(NotJson):
        parse_one(data)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("data", [GOOD % FILL, SPELLED % FILL])
def test_one_large_event_is_read_as_alone(data: bytes) -> None:
    assert [parse_one(data)] == parse(data, MOST)
