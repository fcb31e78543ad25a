"""Times and texts are written into attributes of messages."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.attributes import (
    ATTRIBUTE_BYTES,
    cut,
    format_nanoseconds,
    format_time,
    microseconds_later,
    parse_time,
)

moments = st.datetimes(
    min_value=datetime(1970, 1, 3),  # noqa: DTZ001 - hypothesis wants its bounds naive
    max_value=datetime(2999, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda of: timezone(timedelta(minutes=of))),
)


@given(moments)
def test_a_time_is_written_in_utc_with_microseconds(moment: datetime) -> None:
    written = format_time(moment)
    assert written == moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert parse_time(written) == moment


@given(st.integers(0, 32_503_680_000 * 10**9))
def test_nanoseconds_are_written_like_the_microsecond_that_they_lie_in(since_1970: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=since_1970 // 1_000)
    assert format_nanoseconds(since_1970) == format_time(moment)


@given(moments, st.integers(0, 2_000_000))
def test_microseconds_are_counted_on_into_the_next_second(moment: datetime, count: int) -> None:
    later = moment + timedelta(microseconds=count)
    assert microseconds_later(format_time(moment), count) == format_time(later)
    assert parse_time(microseconds_later(moment.isoformat(), count)) == later


@given(st.text(max_size=2_000), st.integers(0, ATTRIBUTE_BYTES))
def test_a_text_is_cut_to_bytes_that_utf8_can_carry(text: str, limit: int) -> None:
    written = cut(text, limit).encode()
    assert len(written) <= limit
    assert text.encode(errors="replace").startswith(written)
    assert limit - len(written) < 4 or written == text.encode(errors="replace")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-22",
        "2026-11-22T14:25:32",
        "2026-11-22T24:00:00Z",
        "2026-11-22T14:25:32+24:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_malformed_time_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="attribute received_at") as caught:
        parse_time(text)
    assert not text or text not in str(caught.value)
