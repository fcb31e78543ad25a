"""Errors about the body of a request never repeat a part of it, in all functions."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.operate.routes import RefreshRequest, ReplayRequest, SettleRequest
from functions.privacy.erasures.request import ErasureRequest
from functions.privacy.erasures.restored_tables import SweepRequest
from functions.privacy.exports.endpoint import ExportRequest
from functions.privacy.holds import HoldRequest
from functions.privacy.offboarding.endpoint import OffboardingRequest
from functions.privacy.reports.lookups import LookupRequest
from functions.privacy.requests.people import decode
from functions.web.malformed import MALFORMED, describe

FORMS: tuple[type[msgspec.Struct], ...] = (
    ReplayRequest,
    SettleRequest,
    RefreshRequest,
    ErasureRequest,
    ExportRequest,
    HoldRequest,
    LookupRequest,
    OffboardingRequest,
    SweepRequest,
)
VALID: dict[str, Any] = {
    "project": "dev",
    "people": [{"ids": ["ann"]}],
    "ids": ["ann"],
    "reason": "case 7",
    "until": "2027-01-01T00:00:00Z",
    "partner": "acme",
}
QUOTES = st.sampled_from(["", "' OR 1=1", "` - at `$.mode`", " 'x' ", '"', "\n", "<b>", "é"])
MARKED = st.builds(lambda before, after: f"{before}Zq7{after}", QUOTES, QUOTES)
"""Texts with a mark, so that a test recognises them in an error that repeats them."""
VALUES = st.recursive(
    MARKED | st.integers() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(MARKED | st.sampled_from(["ids", "project"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: str(form.__name__))
@given(data=st.data())
def test_nothing_of_a_body_is_repeated(form: type[msgspec.Struct], data: st.DataObject) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(form)]
    body = {name: value for name, value in VALID.items() if name in names}
    body |= data.draw(st.dictionaries(st.sampled_from(names) | MARKED, VALUES, max_size=2))
    said = ""
    try:
        decode(json.dumps(body).encode(), form)
    except MALFORMED as error:
        said = describe(error)
    assert "Zq7" not in said
    assert "OR 1=1" not in said
