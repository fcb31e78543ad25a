from datetime import UTC, datetime, timedelta

import pytest

from functions.privacy.offboarding.plan import Confirmations
from functions.secrets.pseudonym_keys import PseudonymKeys

NOW = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=UTC)
OURS = Confirmations(PseudonymKeys(2, {1: b"1" * 32, 2: b"2" * 32}))
OTHERS = Confirmations(PseudonymKeys(1, {1: b"3" * 32}))
SECOND = timedelta(seconds=1)


def test_a_code_confirms_for_15_minutes() -> None:
    code = OURS.code("acme", NOW)
    assert OURS.confirms(code, "acme", NOW)
    assert OURS.confirms(code, "acme", NOW + timedelta(minutes=15) - SECOND)
    assert not OURS.confirms(code, "acme", NOW + timedelta(minutes=15))
    assert not OURS.confirms(code, "acme", NOW - SECOND), "the code is from the future"


def test_a_code_is_of_one_partner_and_one_cell() -> None:
    code = OURS.code("acme", NOW)
    assert not OURS.confirms(code, "acm", NOW)
    assert not OTHERS.confirms(code, "acme", NOW)
    second, digest = code.split("-")
    assert not OURS.confirms(f"{int(second) + 1}-{digest}", "acme", NOW + SECOND)


@pytest.mark.parametrize(
    "code",
    ["", "-", "x", "1", "1-", "²-0", "9" * 400, "9" * 12 + "-0", "1-\ud83d", "-1-0", "1.0-0"],
)
def test_a_malformed_code_confirms_nothing(code: str) -> None:
    assert not OURS.confirms(code, "acme", NOW)
