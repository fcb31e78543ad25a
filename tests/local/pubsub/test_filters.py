import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.pubsub.errors import InvalidArgument
from local.pubsub.filters import parse

MESSAGE = {"kind": "chat", "event": "message_sent", "iana.org/lang": "en", "empty": ""}


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("  ", True),
        ("attributes:kind", True),
        ("attributes : kind", True),
        ("attributes:absent", False),
        ('attributes:"iana.org/lang"', True),
        ('attributes.kind = "chat"', True),
        ('attributes.kind="room"', False),
        ('attributes.kind != "room"', True),
        ('attributes.absent != "room"', True),
        ('attributes.absent = ""', False),
        ('attributes.empty = ""', True),
        ('attributes."iana.org/lang" = "en"', True),
        ('hasPrefix(attributes.event, "message_")', True),
        ('hasPrefix(attributes.event, "sent")', False),
        ('hasPrefix(attributes.absent, "")', False),
        ("NOT attributes:kind", False),
        ("-attributes:absent", True),
        ("NOT -attributes:kind", True),
        ("NOT attributes:absent AND attributes:kind", True),
        ("attributes:kind AND attributes:event AND attributes:absent", False),
        ("attributes:absent OR attributes:kind", True),
        ("attributes:absent OR (attributes:kind AND NOT attributes:event)", False),
        ("NOT (attributes:absent OR attributes:nothing)", True),
        (r'attributes.kind = "\x63\u0068\141\U00000074"', True),
    ],
)
def test_passes(text: str, *, passes: bool) -> None:
    assert parse(text)(MESSAGE) is passes


@pytest.mark.parametrize(
    "text",
    [
        "kind",
        "attributes",
        "attributes:",
        "attributes.kind",
        "attributes.kind = chat",
        'attributes.kind > "a"',
        'attributes.kind = "unterminated',
        r'attributes.kind = "\q"',
        r'attributes.kind = "\ud800"',
        'hasPrefix(attributes.kind "a")',
        'hasSuffix(attributes.kind, "a")',
        "(attributes:a",
        "attributes:a)",
        "attributes:a and attributes:b",
        "attributes:a attributes:b",
        "attributes:a AND",
        "attributes:a AND attributes:b OR attributes:c",
        "attributes:a OR attributes:b AND attributes:c",
        '"attributes":a',
        'attributes:a "AND" attributes:b',
        f"attributes:{'a' * 246}",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(InvalidArgument, match="filter"):
        parse(text)


@given(st.text(max_size=80) | st.text('attributes:.=!"()-\\ NOTANDhasPrefix,', max_size=80))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        condition = parse(text)
    except InvalidArgument:
        return
    assert condition({}) in {True, False}


@pytest.mark.parametrize("opening", ["(", "-"])
def test_nesting_is_bounded_by_the_length(opening: str) -> None:
    closing = ")" if opening == "(" else ""
    depth = 120
    assert parse(opening * depth + "attributes:a" + closing * depth)({"a": ""}) is True


KEYS = st.text("ab-_. ", min_size=1, max_size=4)
VALUES = st.text(st.characters(codec="utf-8"), max_size=5)


@given(key=KEYS, value=VALUES, attributes=st.dictionaries(KEYS, VALUES))
def test_a_quoted_key_and_value_compare_exactly(
    key: str, value: str, attributes: dict[str, str]
) -> None:
    literal = '"' + value.replace("\\", r"\\").replace('"', r"\"") + '"'
    equal = parse(f"attributes.{json.dumps(key)} = {literal}")
    unequal = parse(f"attributes.{json.dumps(key)} != {literal}")
    assert equal(attributes) is (attributes.get(key) == value)
    assert unequal(attributes) is not equal(attributes)


Expression = tuple[str, bool]  # the text of a filter, and whether {"yes": "1"} passes it


def _not(inner: Expression) -> Expression:
    return f"NOT ({inner[0]})", not inner[1]


def _and(parts: list[Expression]) -> Expression:
    return " AND ".join(f"({text})" for text, _ in parts), all(value for _, value in parts)


def _or(parts: list[Expression]) -> Expression:
    return " OR ".join(f"({text})" for text, _ in parts), any(value for _, value in parts)


EXPRESSIONS = st.recursive(
    st.sampled_from([("attributes:yes", True), ('attributes.no = "1"', False)]),
    lambda inner: st.one_of(
        inner.map(_not),
        st.lists(inner, min_size=2, max_size=3).map(_and),
        st.lists(inner, min_size=2, max_size=3).map(_or),
    ),
    max_leaves=4,
).filter(lambda expression: len(expression[0]) <= 256)


@given(EXPRESSIONS)
def test_operators_combine_as_in_logic(expression: Expression) -> None:
    text, passes = expression
    assert parse(text)({"yes": "1"}) is passes
