"""Standard Webhooks signatures: those of the reference library are accepted, others refused."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from functions.acceptance.signature import KEY_BYTES, SigningKey, verify
from tests.unit.headers import encoded

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(b"another key of thirty-two bytes!").decode()
KEY = SigningKey(SECRET)
NOW = 1_795_357_532
BODY = '{"event":"emoji_sent","value":{"nickname":"Zoë 👍"}}'


def signed(
    secret: str = SECRET, at: int = NOW, message: str = "msg_1", body: str = BODY
) -> dict[str, str]:
    """Return the headers of a signed request, as the reference library makes them."""
    moment = datetime.fromtimestamp(at, UTC)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": Webhook(secret).sign(message, moment, body),
    }


def accepts(headers: dict[str, str], body: bytes = BODY.encode(), *, now: float = NOW) -> bool:
    return verify([KEY], encoded(headers), body, now=now, tolerance=300)


@given(
    st.text(min_size=1).filter(lambda text: "." not in text),
    st.text(),
    st.binary(min_size=24, max_size=64),
)
def test_signatures_of_the_reference_library_are_accepted(
    message: str, body: str, key: bytes
) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = signed(secret, message=message, body=body)
    raw = encoded(headers)
    assert verify([SigningKey(secret)], raw, body.encode(), now=NOW, tolerance=300)
    assert not verify([KEY], raw, body.encode(), now=NOW, tolerance=300)


@pytest.mark.parametrize("length", [24, 25, 31, 32, 64])
def test_a_secret_may_lack_its_padding(length: int) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * length).decode()
    assert SigningKey(secret).sign(b"x") == SigningKey(secret.rstrip("=")).sign(b"x")


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", SECRET.removeprefix("whsec_"), "whsec_!" + SECRET[6:], "whsec_é" + SECRET[6:]]
    + [
        "whsec_" + base64.b64encode(b"k" * n).decode()
        for n in (KEY_BYTES.start - 1, KEY_BYTES.stop)
    ],
)
def test_another_secret_is_refused_without_quoting_it(secret: str) -> None:
    with pytest.raises(ValueError, match="signing secret") as caught:
        SigningKey(secret)
    assert not secret or secret[6:] not in str(caught.value) or secret == "whsec_"


@pytest.mark.parametrize(
    ("off", "accepted"), [(-301, False), (-300, True), (300, True), (301, False)]
)
def test_the_time_may_be_five_minutes_off(off: int, *, accepted: bool) -> None:
    assert accepts(signed(at=NOW + off)) is accepted


def test_one_of_several_signatures_and_keys_is_enough() -> None:
    headers = signed()
    good = headers["webhook-signature"]
    for signatures in (
        f"v1,AAAA v2,x v1a,{good[3:]} {good}",
        f"{good} garbage",
        f"{signed(OTHER)['webhook-signature']}  {good}",
    ):
        assert accepts(headers | {"webhook-signature": signatures})
    both = [SigningKey(OTHER), KEY]
    assert verify(both, encoded(headers), BODY.encode(), now=NOW, tolerance=300)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize(
    "value",
    [None, "", " ", ".", "a.b", "é", "x" * 10_000, "9" * 5_000, "-1", "1e9", "NaN", "١٢", ","],
)
def test_a_malformed_header_is_refused(name: str, value: str | None) -> None:
    headers = signed() | ({name: value} if value is not None else {})
    if value is None:
        del headers[name]
    assert not accepts(headers)


def test_id_time_and_body_cannot_be_divided_differently() -> None:
    headers = signed(message="msg", body=f"{NOW}.{BODY}")
    assert accepts(headers, f"{NOW}.{BODY}".encode())
    assert not accepts(headers | {"webhook-id": f"msg.{NOW}"})
    assert not accepts(signed(message="msg.1"))


@pytest.mark.parametrize("cut", ["v1,", "v1", "v2,", "V1,", ""])
def test_the_signature_needs_its_version_and_padding(cut: str) -> None:
    good = signed()["webhook-signature"]
    assert not accepts(signed() | {"webhook-signature": good.rstrip("=")})
    assert accepts(signed() | {"webhook-signature": cut + good.removeprefix("v1,")}) is (
        cut == "v1,"
    )


def svix(headers: dict[str, str]) -> dict[str, str]:
    """Return the same headers with the names that Svix uses."""
    return {name.replace("webhook-", "svix-"): value for name, value in headers.items()}


def test_svix_headers_are_the_same_headers() -> None:
    assert accepts(svix(signed()))
    assert accepts(signed() | svix(signed()))
    assert accepts(svix(signed()) | {"webhook-id": ""})
    assert not accepts(svix(signed(OTHER)))
    assert not accepts(svix(signed()), BODY.encode() + b" ")


@pytest.mark.parametrize("name", [*svix(signed())])
@pytest.mark.parametrize("other", ["msg_2", "", str(NOW - 1)])
def test_headers_of_both_names_must_be_the_same(name: str, other: str) -> None:
    """Otherwise, the receiver might use one id although the sender signed the other."""
    both = signed() | svix(signed())
    assert not accepts(both | {name: other})
    assert not accepts(both | {name.replace("svix-", "webhook-"): other})


def test_two_valid_signatures_of_different_requests_are_refused() -> None:
    assert not accepts(signed() | svix(signed(message="msg_2")))
    assert not accepts({"webhook-id": "msg_1"} | svix(signed()))


@given(st.binary(), st.binary(), st.binary(), st.binary())
def test_no_headers_and_no_body_raise_an_error(a: bytes, b: bytes, c: bytes, body: bytes) -> None:
    headers = {b"webhook-id": a, b"webhook-timestamp": b, b"webhook-signature": c}
    assert not verify([KEY], headers, body, now=NOW, tolerance=300)


@given(st.integers(0, len(BODY.encode()) - 1), st.integers(1, 255))
def test_no_byte_of_the_body_can_change(position: int, change: int) -> None:
    body = bytearray(BODY.encode())
    body[position] ^= change
    assert not accepts(signed(), bytes(body))
