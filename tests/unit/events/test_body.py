import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.events.body import STORED_DEPTH, BadMessage, decode_json, encode_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (rb'"cut \ud83d"', "cut \N{REPLACEMENT CHARACTER}"),
        (rb'{"\udc00": ["\ud83d\ude00"]}', {"\N{REPLACEMENT CHARACTER}": ["😀"]}),
        (rb'"\u0000 \\u0000 \\\u0000"', "\ufffd \\u0000 \\\ufffd"),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"[1e999]", ["1e999"]),
        (b'{"a": {"b": -1e400}}', {"a": {"b": "-1e400"}}),
        (b"9" * 5000, "9" * 5000),
        (b"-" + b"9" * 4300, "-" + "9" * 4300),
        (b"-0", 0),
    ],
)
def test_odd_json_is_decoded(data: bytes, value: object) -> None:
    assert decode_json(data) == value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'"\xff"', "not_json"),
        (b"[" * 501 + b"]" * 501, "too_deep"),
        (b"[" * 200_000 + b"]" * 200_000, "too_deep"),
    ],
)
def test_text_that_is_not_json_is_bad(data: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as caught:
        decode_json(data)
    assert caught.value.reason == reason


@given(st.binary())
def test_any_bytes_are_decoded_or_bad(data: bytes) -> None:
    with contextlib.suppress(BadMessage):
        decode_json(data)


@settings(max_examples=40)
@given(JSON)
def test_encoded_values_are_json_within_bigquerys_limits(value: object) -> None:
    decoded = json.loads(encode_json(value))
    assert _depth(decoded) <= STORED_DEPTH
    assert all(-(2**63) <= number < 2**63 for number in _integers(decoded))


@pytest.mark.parametrize("beside", [b"", rb', "\ud83d"', b", 1e400", b", 123456789012345678901"])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_any_depth_is_stored_or_bad(opening: bytes, beside: bytes) -> None:
    """Decoders and encoders give up at different depths; each failure must become a BadMessage."""
    closing = {b"[": b"]"}.get(opening, b"}")
    for depth in range(600, 1_400, 7):
        nested = opening * depth + b"[]" + closing * depth
        with contextlib.suppress(BadMessage):
            assert json.loads(encode_json(decode_json(b"[%b%b]" % (nested, beside))))


def test_a_value_within_the_limits_is_encoded_unchanged() -> None:
    value = {"a": [1, "1.5", "ü", None, True, {"": 2**63 - 1}]}
    assert json.loads(encode_json(value)) == value


def test_a_number_beyond_64_bits_becomes_text() -> None:
    assert encode_json({"id": 2**63}) == '{"id":"9223372036854775808"}'


def test_a_value_that_is_nested_too_deep_becomes_text() -> None:
    nested: Any = "core"
    for _ in range(STORED_DEPTH + 5):
        nested = [nested]
    decoded = json.loads(encode_json(nested))
    for _ in range(STORED_DEPTH):
        [decoded] = decoded
    assert json.loads(decoded) == [[[[["core"]]]]]


def _depth(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _integers(value: object) -> list[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for element in value for number in _integers(element)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


def test_repeated_members_become_one_list() -> None:
    data = b'{"a": 1, "value": {"a": 1, "a": [2, 3], "b": 4, "b": 5, "a": null}}'
    assert decode_json(data) == {"a": 1, "value": {"a": None, "b": 5}}
    assert decode_json(data, {"a"}) == {"a": 1, "value": {"a": [1, 2, 3, None], "b": 5}}


@pytest.mark.parametrize("data", [b'{"a": NaN}', b"{", b'{"a": "\xff"}'])
def test_json_with_repeated_members_is_refused_like_any_other(data: bytes) -> None:
    with pytest.raises(BadMessage, match="not_json"):
        decode_json(data, {"a"})
