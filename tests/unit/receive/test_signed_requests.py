"""If a partner has a signing secret, its requests must be signed; the rest is the same."""

import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from tests.fakes.bucket import Bucket
from tests.fakes.durable import Durable

TOKEN = "token-of-signed"
SECRETS = ["whsec_" + "YWJj" * 8, "whsec_" + "ZGVm" * 16]
URL = f"/events/{TOKEN}"
BODY = b'{"event": "emoji_sent", "value": {"nickname": "Zo\xc3\xab"}}'


@pytest.fixture
def partners_file(tmp_path: Path) -> Path:
    partner = {
        "tokens_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
        "projects": {"only": "eu"},
        "signing_secrets": SECRETS,
    }
    path = tmp_path / "partners.json"
    path.write_text(json.dumps({"partners": {"signed": partner}}))
    return path


def signed(secret: str = SECRETS[0], *, late: float = 0, message: str = "msg_1") -> dict[str, str]:
    at = int(time.time() - late)
    signature = Webhook(secret).sign(message, datetime.fromtimestamp(at, UTC), BODY.decode())
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": signature,
    }


async def test_a_retry_is_signed_anew_and_stays_the_same_event(
    sender: httpx.AsyncClient, durable: Durable
) -> None:
    for headers in (signed(late=200), signed(), signed(SECRETS[1])):
        assert (await sender.post(URL, content=BODY, headers=headers)).status_code == 200
    assert len({message.attributes.ingest_id for message in durable.messages}) == 1
    assert {message.data for message in durable.messages} == {BODY}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (dict, BODY),
        (dict, b"no json"),
        (lambda: signed("whsec_" + "eHl6" * 8), BODY),
        (lambda: signed(late=10_000), BODY),
        (signed, BODY + b" "),
        (lambda: signed() | {"webhook-id": "msg_2"}, BODY),
        (lambda: signed() | {"webhook-signature": "\xff v1"}, BODY),
    ],
)
async def test_an_unsigned_request_is_401_and_is_not_kept(
    sender: httpx.AsyncClient,
    durable: Durable,
    bucket: Bucket,
    headers: Callable[[], dict[str, str]],
    body: bytes,
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers().items()]
    answer = await sender.post(URL, content=body, headers=raw)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "signature_invalid"
    assert durable.messages == []
    assert bucket.contents == {}


async def test_a_signature_does_not_replace_the_token(sender: httpx.AsyncClient) -> None:
    answer = await sender.post("/events/other", content=BODY, headers=signed())
    assert answer.json()["reason"] == "token_unknown"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_check_of_the_url_needs_no_signature(
    sender: httpx.AsyncClient, method: str
) -> None:
    assert (await sender.request(method, URL)).status_code == 200
