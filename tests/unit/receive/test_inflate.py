"""Compressed bodies are inflated or refused, and no body becomes too large."""

import gzip
import hashlib
import json
import time
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.signature import SigningKey
from functions.receive.inflate import (
    MOST_MEMBERS,
    MOST_RATIO,
    STEP_BYTES,
    Broken,
    EncodingUnknown,
    InflatesTooMuch,
    encoding_of,
    inflate,
)
from functions.receive.receiver import Receiver
from functions.receive.settings import Settings
from functions.receive.tally import ReceiveTally
from functions.web.batching import QueueFull
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.durable import Durable
from tests.unit.receive.conftest import client_of, receiver_of
from tests.unit.receive.stand_ins import TOKEN

EVENTS = f"/events/{TOKEN}"
BODY = json.dumps(
    {"event": "emoji_sent", "value": {"project": "acme-prod", "n": "x" * 300}}
).encode()
MOST = 10_485_760


def raw(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(data) + squeeze.flush()


Squeeze = Callable[[bytes], bytes]
CODINGS: list[tuple[str, Squeeze]] = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("GZIP, identity", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", lambda data: zlib.compress(data, 0)),
    ("deflate", lambda data: zlib.compress(data, 9)),
    ("deflate", raw),
    ("identity", bytes),
    (" ", bytes),
]


async def inflated(sent: bytes, coding: str = "gzip", limit: int = MOST) -> bytes:
    pieces: list[int] = []
    body = await inflate(sent, coding, limit, pieces.append)
    assert sum(pieces) == len(body)
    assert max(pieces, default=0) <= STEP_BYTES
    return body


@pytest.mark.parametrize(("coding", "squeeze"), CODINGS)
async def test_a_compressed_body_is_stored_as_it_was(
    sender: httpx.AsyncClient, durable: Durable, coding: str, squeeze: Squeeze
) -> None:
    answer = await sender.post(EVENTS, content=squeeze(BODY), headers={"Content-Encoding": coding})
    assert answer.status_code == 200
    assert [message.data for message in durable.messages] == [BODY]


@given(st.binary(max_size=2_000), st.sampled_from(CODINGS[:7]))
async def test_any_bytes_come_back(data: bytes, coding: tuple[str, Squeeze]) -> None:
    name, squeeze = coding
    assert await inflated(squeeze(data), "deflate" if name == "deflate" else "gzip") == data


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate"]))
async def test_any_bytes_are_inflated_or_broken(sent: bytes, coding: str) -> None:
    try:
        await inflated(sent, coding)
    except Broken:
        return


@pytest.mark.parametrize(("coding", "squeeze"), CODINGS[:7])
async def test_a_body_that_is_cut_or_goes_on_is_400(
    sender: httpx.AsyncClient,
    durable: Durable,
    bucket: Bucket,
    coding: str,
    squeeze: Squeeze,
) -> None:
    whole = squeeze(BODY)
    for sent in (whole[:-1], whole[: len(whole) // 2], b"", whole + b"{}", BODY):
        answer = await sender.post(EVENTS, content=sent, headers={"Content-Encoding": coding})
        assert (answer.status_code, answer.json()["reason"]) == (400, "body_broken")
    assert (durable.messages, bucket.contents) == ([], {})


async def test_a_changed_byte_is_noticed() -> None:
    sent = bytearray(gzip.compress(BODY))
    sent[-5] ^= 1
    with pytest.raises(Broken):
        await inflated(bytes(sent))


async def test_gzip_may_have_some_members() -> None:
    assert await inflated(gzip.compress(b"a") * MOST_MEMBERS) == b"a" * MOST_MEMBERS
    with pytest.raises(Broken):
        await inflated(gzip.compress(b"") * (MOST_MEMBERS + 1))


async def test_a_body_is_inflated_up_to_the_limit() -> None:
    sent = gzip.compress(b"x" * 1_000)
    assert len(await inflated(sent, limit=1_000)) == 1_000
    with pytest.raises(InflatesTooMuch):
        await inflated(sent, limit=999)
    for size in (STEP_BYTES - 1, STEP_BYTES, STEP_BYTES + 1, 3 * STEP_BYTES):
        noise = hashlib.shake_128(b"").digest(size)
        assert await inflated(gzip.compress(noise, 1), limit=size) == noise


async def test_a_small_body_may_not_become_very_large() -> None:
    small = gzip.compress(bytes(STEP_BYTES))
    assert len(await inflated(small)) == STEP_BYTES
    large = gzip.compress(bytes(9 * STEP_BYTES))
    assert len(large) * MOST_RATIO < 9 * STEP_BYTES
    with pytest.raises(InflatesTooMuch):
        await inflated(large)


async def test_nothing_is_inflated_beyond_what_may_be_held() -> None:
    held: list[int] = []

    def take(size: int) -> None:
        if sum(held) + size > 2 * STEP_BYTES:
            raise QueueFull
        held.append(size)

    with pytest.raises(QueueFull):
        await inflate(zlib.compress(bytes(5 * STEP_BYTES), 0), "deflate", MOST, take)
    assert held == [STEP_BYTES] * 2


async def test_inflated_bytes_are_given_back(
    settings: Settings, durable: Durable, bucket: Bucket, tally: ReceiveTally
) -> None:
    receiver: Receiver = receiver_of(settings, durable, Writer(bucket), tally)
    bomb = gzip.compress(b" " * 20_000)
    async with client_of(receiver.handle) as sender:
        for sent in (gzip.compress(BODY), gzip.compress(b"no json"), bomb, b"broken"):
            await sender.post(EVENTS, content=sent, headers={"Content-Encoding": "gzip"})
        answer = await sender.post(EVENTS, content=bomb, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["reason"]) == (413, "request_too_large")
    assert receiver._intake._bytes._held == {}


@pytest.mark.parametrize(
    "coding", ["br", "zstd", "compress", "gzip, gzip", "gzip,deflate", "gzip, br", "utf-8", "é"]
)
async def test_another_coding_is_415_and_says_which_are_accepted(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket, coding: str
) -> None:
    headers = [(b"content-encoding", coding.encode("latin-1"))]
    answer = await sender.post(EVENTS, content=BODY, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (415, "encoding_unsupported")
    assert answer.headers["accept-encoding"] == "gzip, deflate"
    assert (durable.messages, bucket.contents) == ([], {})
    answer = await sender.post("/events/wrong", content=BODY, headers=headers)
    assert answer.status_code == 401


def test_the_coding_of_repeated_headers_is_a_list() -> None:
    def scope(*values: bytes) -> dict[str, Any]:
        return {"headers": [(b"content-encoding", value) for value in values]}

    assert encoding_of(scope(b"identity", b"gzip")) == "gzip"
    assert encoding_of(scope(b"", b"identity")) is None
    with pytest.raises(EncodingUnknown):
        encoding_of(scope(b"gzip", b"deflate"))


async def test_the_signature_is_that_of_the_compressed_body(
    sender: httpx.AsyncClient, durable: Durable, partners_file: Any
) -> None:
    secret = "whsec_" + "YWJj" * 8
    partner = {
        "tokens_sha256": [hashlib.sha256(b"signed").hexdigest()],
        "projects": {"acme-prod": "eu"},
        "signing_secrets": [secret],
    }
    partners_file.write_text(json.dumps({"partners": {"signed": partner}}))
    sent = raw(BODY)

    def headers(signed: bytes) -> dict[str, str]:
        at = str(int(time.time()))
        signature = SigningKey(secret).sign(b"msg_1.%b.%b" % (at.encode(), signed))
        return {
            "webhook-id": "msg_1",
            "webhook-timestamp": at,
            "webhook-signature": signature.decode(),
            "content-encoding": "deflate",
        }

    refused = await sender.post("/events/signed", content=sent, headers=headers(BODY))
    assert refused.status_code == 401
    accepted = await sender.post("/events/signed", content=sent, headers=headers(sent))
    assert accepted.status_code == 200
    assert [message.data for message in durable.messages] == [BODY]
