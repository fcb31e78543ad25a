"""For any request, the answer is documented, and neither the answer nor the log quotes it."""

import asyncio
import contextlib
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from functions.google.storage import BucketUnavailable
from functions.receive.settings import Settings
from functions.receive.tally import ReceiveTally
from functions.web.batching import QueueFull
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.durable import Durable
from tests.unit.receive.conftest import client_of, receiver_of
from tests.unit.receive.stand_ins import ONE_PROJECT_TOKEN, PARTNERS, TOKEN

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parents[3] / "docs" / "openapi.yaml"
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

CANARY = "canary7f3a"
SIGNED_TOKEN = "token-of-signed"
SECRET = "whsec_" + "YWJj" * 8
TOKENS = [TOKEN, ONE_PROJECT_TOKEN, SIGNED_TOKEN]
SIGNED = {
    "tokens_sha256": [hashlib.sha256(SIGNED_TOKEN.encode()).hexdigest()],
    "projects": {"signed": "eu"},
    "signing_secrets": [SECRET],
}


def few_and_many(few: int) -> pytest.MarkDecorator:
    """Run a test with a few examples always, and with many in `make soak`."""
    return pytest.mark.parametrize("examples", [few, pytest.param(10_000, marks=pytest.mark.soak)])


class Stores:
    """Fakes for publishing and the bucket, which accept everything, or fail with `fault`."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.durable = Durable()
        self.durable.before = self._fail
        self.bucket = Bucket()
        self.bucket.before = self._fail

    def _fail(self, action: str) -> None:
        if self.fault:
            raise self.fault


@pytest.fixture(scope="module")
def stores() -> Stores:
    return Stores()


Send = Callable[..., tuple[httpx.Response, str]]


@pytest.fixture(scope="module")
def send(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Send]:
    """A function that sends a request to a receiver, and returns the answer and the log."""
    path = tmp_path_factory.mktemp("secrets") / "partners.json"
    path.write_text(json.dumps({"partners": PARTNERS | {"signed": SIGNED}}))
    closed = path.with_name("closed.json")
    closed.write_text(json.dumps({"partners": {}}))
    limits = Settings(
        cell="eu",
        gcp_project="p",
        events_topic="t",
        pubsub_endpoint="",
        storage_endpoint="",
        bucket="b",
        partners_file=path,
        closed_file=closed,
        max_event_bytes=200,
        max_request_bytes=2_000,
        max_request_events=5,
    )
    receiver = receiver_of(limits, stores.durable, Writer(stores.bucket), ReceiveTally())
    client = client_of(receiver.handle)

    with asyncio.Runner() as runner:

        def request(method: str, url: str, **content: Any) -> tuple[httpx.Response, str]:
            with contextlib.redirect_stdout(io.StringIO()) as logged:
                answer = runner.run(client.request(method, url, **content))
            return answer, logged.getvalue()

        yield request
        runner.run(client.aclose())


def explore(examples: int) -> settings:
    """Return settings: a few examples are the same in every run, and many are random."""
    return settings(
        max_examples=examples,
        derandomize=examples < 1_000,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def cases(examples: int) -> st.SearchStrategy[Case[Any]]:
    """Return documented requests; with many examples, also others, which are slow to make."""
    operations = [
        result.ok()
        for result in schemathesis.openapi.from_path(DOCUMENT).get_all_operations()
        if isinstance(result, Ok)
    ]
    modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if examples > 1_000 else [])]
    return st.one_of(
        *(operation.as_strategy(generation_mode=mode) for operation in operations for mode in modes)
    )


@few_and_many(100)
def test_every_answer_is_as_documented(send: Send, examples: int) -> None:
    statuses = set()

    @explore(examples)
    @given(
        cases(examples),
        st.sampled_from([*TOKENS, None]),
        st.sampled_from(["acme-prod", "acme-us", "only", None]),
    )
    def check(case: Case[Any], token: str | None, project: str | None) -> None:
        if token and "token" in (case.path_parameters or {}):
            case.path_parameters["token"] = token
        elif token:
            case.headers["Authorization"] = f"Bearer {token}"
        if project and isinstance(case.body, dict):
            case.body["value"] = {"project": project}
        answer, _ = send(**as_httpx(case))
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    check()
    assert {200, 401, 422} <= statuses
    assert max(statuses) < 500


def as_httpx(case: Case[Any]) -> dict[str, Any]:
    """Return the arguments of a request for httpx; header values are bytes, as they may be any."""
    sent = case.as_transport_kwargs(base_url="http://receive")
    content = json.dumps(sent["json"]).encode() if "json" in sent else sent.get("data")
    headers = [
        (name.encode("latin-1", "replace"), str(value).encode("latin-1", "replace"))
        for name, value in sent["headers"].items()
    ]
    return {
        "method": sent["method"],
        "url": sent["url"],
        "params": sent["params"] or None,
        "headers": headers,
        "content": content,
    }


ODD = st.sampled_from(["", "é", "\ud83d", "\x00", "%", "/", "\n", "%ff", "?a"])
PLANTED = st.builds("{}{}{}".format, ODD, st.just(CANARY), ODD)
PROJECTS = st.sampled_from(["acme-prod", "acme-us", "acme-dev", "only", "signed"])
LEAVES = PLANTED | st.none() | st.booleans() | st.integers() | st.floats()
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLANTED, inner, max_size=3)
)
PLAIN = st.builds(
    lambda name, project: {"event": name, "value": {"project": project}}, PLANTED, PROJECTS
)
EVENT = PLAIN | st.fixed_dictionaries(
    {},
    optional={
        "event": PLANTED | ANYTHING,
        "value": st.fixed_dictionaries(
            {"project": PROJECTS | ANYTHING}, optional={"nickname": PLANTED}
        )
        | ANYTHING,
        CANARY: ANYTHING,
    },
)
TEXTS = st.builds(
    json.dumps, EVENT | st.lists(PLAIN, min_size=4, max_size=7) | ANYTHING
) | st.lists(EVENT.map(json.dumps), max_size=7).map("\n".join)
BODIES = (
    PLAIN.map(json.dumps).map(str.encode)
    | TEXTS.map(str.encode)
    | st.builds(lambda text, cut: text.encode()[:cut], TEXTS, st.integers(0, 80))
    | st.builds(lambda text: text.encode(errors="replace") + CANARY.encode(), TEXTS)
    | st.binary(max_size=20).map(lambda odd: odd + CANARY.encode() + odd)
    | st.integers(100, 300).map(lambda times: CANARY.encode() * times)
    | st.integers(0, 1_999).map(lambda depth: b"[" * depth)
)
VALUES = (PLANTED | st.sampled_from(TOKENS) | st.text(max_size=5)).map(
    lambda text: text.encode(errors="replace")
) | st.sampled_from([b"9" * 5_000, b"x" * 10_240, b"v1,", b"\xff", b"1e400"])
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                b"webhook-id",
                b"webhook-timestamp",
                b"webhook-signature",
                b"idempotency-key",
                b"content-type",
                b"content-length",
                b"x-cloud-trace-context",
                b"traceparent",
                CANARY.encode(),
            ]
        ),
        VALUES,
    ),
    max_size=4,
)
AUTHORIZATION = st.builds(
    lambda scheme, token: (b"authorization", scheme + token),
    st.sampled_from([b"Bearer ", b"bearer  ", b"Basic ", b""]),
    VALUES,
)
URLS = st.builds(
    "/{}{}{}".format,
    st.sampled_from(["events", "events", "rooms", "rooms", "health", "", CANARY]),
    st.sampled_from(["", "/", *("/" + token for token in TOKENS * 3)]) | PLANTED.map("/{}".format),
    st.sampled_from(["", "", "", "?", f"?event={CANARY}"]),
).map(lambda url: url.encode(errors="replace"))


@few_and_many(300)
def test_nothing_that_was_sent_is_echoed_or_logged(
    send: Send, stores: Stores, examples: int
) -> None:
    statuses = set()

    @explore(examples)
    @given(
        st.sampled_from(["POST", "POST", "POST", "GET", "HEAD", "PUT"]),
        URLS,
        HEADERS,
        st.none() | AUTHORIZATION,
        BODIES,
        st.sampled_from([None, None, None, None, QueueFull(), BucketUnavailable(CANARY)]),
    )
    def check(
        method: str,
        url: bytes,
        headers: list[tuple[bytes, bytes]],
        authorization: tuple[bytes, bytes] | None,
        body: bytes,
        fault: Exception | None,
    ) -> None:
        stores.fault = fault
        headers = [*headers, authorization] if authorization else headers
        target = httpx.URL("http://receive").copy_with(raw_path=printable(url))
        answer, logged = send(method, target, headers=headers, content=body)
        statuses.add(answer.status_code)
        told = "\n".join([answer.text, *answer.headers.values(), *answer.headers, logged])
        for secret in (CANARY, *TOKENS, SECRET):
            assert secret not in told
        assert answer.status_code < 500 or (answer.status_code == 503 and fault)

    try:
        check()
    finally:
        stores.fault = None
    assert {200, 400, 401, 404, 405, 422, 503} <= statuses


def printable(url: bytes) -> bytes:
    """Return a path as clients write it: only visible ASCII characters are not escaped."""
    return b"".join(bytes([byte]) if 0x21 <= byte < 0x7F else b"%%%02X" % byte for byte in url)
