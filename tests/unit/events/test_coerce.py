import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.coerce import (
    COERCIONS,
    EPOCH,
    TIMESTAMPS,
    Limits,
    NotCoerced,
    to_boolean,
    to_integer,
    to_list,
    to_number,
    to_string,
    to_timestamp,
    within,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NUMBERS_AS_TEXT = st.integers().map(str) | st.floats().map(str)
PYTHON_TYPES = {
    "string": str,
    "id": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "timestamp": int,
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", None),
        ("  ", None),
        ("none", "none"),
        (" a ", " a "),
        (7, "7"),
        (10**30, "1" + "0" * 30),
        (1.5, "1.5"),
        (2.0, "2"),
        (1e16, "1e+16"),
        (True, "true"),
    ],
)
def test_string(value: object, expected: str | None) -> None:
    assert to_string(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(15, 15), ("15", 15), (" -15 ", -15), (15.0, 15), ("15.0", 15), ("1e3", 1000), ("", None)],
)
def test_integer(value: object, expected: int | None) -> None:
    assert to_integer(value) == expected


@pytest.mark.parametrize(
    "value",
    [True, 1.5, "1.5", "15s", "none", "1_000", "٣", 2**63, str(2**63), "1e400", [1], {}, math.nan],
)
def test_not_an_integer(value: object) -> None:
    with pytest.raises(NotCoerced):
        to_integer(value)


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1.0), ("1.5", 1.5), (".5", 0.5), ("-2e-1", -0.2), ("", None)]
)
def test_number(value: object, expected: float | None) -> None:
    assert to_number(value) == expected


@pytest.mark.parametrize("value", ["nan", "Infinity", math.inf, 10**400, "1,5", False, "9" * 5000])
def test_not_a_number(value: object) -> None:
    with pytest.raises(NotCoerced):
        to_number(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (0, False),
        ("1", True),
        ("TRUE", True),
        ("No", False),
        ("yes", True),
        ("", None),
    ],
)
def test_boolean(value: object, expected: object) -> None:
    assert to_boolean(value) is expected


@pytest.mark.parametrize("value", [2, "2", "on", 1.0, [], "none"])
def test_not_a_boolean(value: object) -> None:
    with pytest.raises(NotCoerced):
        to_boolean(value)


MOMENT = datetime(2024, 12, 31, 5, 33, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-12-31T05:33:32Z",
        "2024-12-31T07:33:32+02:00",
        "2024-12-31 05:33:32",
        "2024-12-31T05:33:32.000",
        1735623212,
        "1735623212",
        1735623212.0,
        1735623212000,
        "1735623212000",
    ],
)
def test_timestamp(value: object) -> None:
    assert to_timestamp(value) == MOMENT.timestamp() * 1_000_000


def test_a_timestamp_keeps_its_microseconds() -> None:
    assert to_timestamp("1970-01-01T00:00:01.234567Z") == 1_234_567
    assert to_timestamp(1.5) == 1_500_000


@pytest.mark.parametrize(
    "value",
    ["soon", "31.12.2024", -1, 10**15, True, {}, "0001-01-01T00:00+10:00", "2024-13-01", math.nan],
)
def test_not_a_timestamp(value: object) -> None:
    with pytest.raises(NotCoerced):
        to_timestamp(value)


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001 - the zone is given apart
    st.integers(-14 * 60, 14 * 60),
)
def test_every_iso_time_is_read(moment: datetime, minutes: int) -> None:
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    micros = to_timestamp(moment.isoformat())
    assert micros is not None
    assert EPOCH + timedelta(microseconds=micros) == moment


def test_a_list() -> None:
    assert to_list(["1", None, 2, ""], to_integer) == [1, 2]
    assert to_list("1", to_integer) == [1]
    assert to_list([], to_integer) is None
    for value in ([1, "x"], "[1]", [" [1] "]):
        with pytest.raises(NotCoerced):
            to_list(value, to_integer)


def test_a_number_beyond_its_limits_is_not_sane() -> None:
    read = within(Limits(1, 1_000), to_integer)
    assert [read(value) for value in (1, "1000", "")] == [1, 1_000, None]
    for value in (0, 1_001, "-1"):
        with pytest.raises(NotCoerced, match="not_sane"):
            read(value)
    with pytest.raises(NotCoerced, match="not_coerced"):
        read("x")


@pytest.mark.parametrize("name", list(COERCIONS))
@given(value=JSON | NUMBERS_AS_TEXT)
def test_any_json_is_coerced_or_refused(name: str, value: object) -> None:
    try:
        coerced = COERCIONS[name](value)
    except NotCoerced:
        return
    if coerced is None:
        assert isinstance(value, str)
        return
    assert type(coerced) is PYTHON_TYPES[name]
    if isinstance(coerced, float):
        assert math.isfinite(coerced)
    if name == "integer":
        assert -(2**63) <= int(str(coerced)) < 2**63
    if name == "timestamp":
        assert coerced in TIMESTAMPS
