"""Times and texts as they travel in attributes."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from functions.events.envelope import ATTRIBUTE_BYTES, cut, format_time, parse_time

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


@given(st.text(max_size=2_000), st.integers(0, ATTRIBUTE_BYTES))
def test_a_text_is_cut_to_bytes_that_utf8_can_carry(text: str, limit: int) -> None:
    written = cut(text, limit).encode()
    assert len(written) <= limit
    assert text.encode(errors="replace").startswith(written)
    assert limit - len(written) < 4 or written == text.encode(errors="replace")
