"""Log lines are JSON, with the trace that connects a line with its request."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions import __version__
from functions.observe.log import TRACE_FIELD, log, trace

ID = "0af7651916cd43dd8448eb211c80319c"
TIED = {TRACE_FIELD: f"projects/p/traces/{ID}"}


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    log("WARNING", "two\nlines", partner="Zoë", counts={"a": 1}, none=None)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {
        "severity": "WARNING",
        "message": "two\nlines",
        "partner": "Zoë",
        "counts": {"a": 1},
        "none": None,
        "version": __version__,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": f"00-{ID}-b7ad6b7169203331-01"},
        {"x-cloud-trace-context": ID},
        {"x-cloud-trace-context": f"{ID}/12345;o=1"},
        {"traceparent": "00-malformed", "x-cloud-trace-context": f"{ID}/1"},
    ],
)
def test_a_trace_is_read_from_either_header(headers: dict[str, str]) -> None:
    assert trace(headers, "p") == TIED
    assert trace(headers, "") == {}


@given(st.text(max_size=80))
def test_no_text_of_a_request_gets_into_a_line(text: str) -> None:
    headers = {"traceparent": text, "x-cloud-trace-context": f"{ID}/{text}"}
    assert trace(headers, "p") in ({}, TIED)
    assert trace({}, "p") == {}
