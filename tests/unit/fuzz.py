"""Hostile requests for the fuzz tests of functions, and the rules that each answer must follow."""

import asyncio
import contextlib
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

CANARY = "canary7f3a"
FEW, MANY = 100, 5_000


def few_and_many(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test with a few examples always, and with many in `make soak`."""
    examples = [FEW, pytest.param(MANY, marks=pytest.mark.soak)]
    decorated: Callable[..., None] = pytest.mark.parametrize("examples", examples)(test)
    return decorated


def explore(examples: int) -> settings:
    """Return settings: a few examples are the same in every run, and many are random."""
    return settings(
        max_examples=examples,
        derandomize=examples == FEW,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def text(value: object) -> str:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False)


ODD = ["", "\x00", "\ud83d", "'", "` - at `$.x", "\n", "é", "%ff", "$", "{}", "%s"]
PLANTED = st.builds("{}{}{}".format, st.sampled_from(ODD), st.just(CANARY), st.sampled_from(ODD))
HOSTILE = st.one_of(
    st.sampled_from(
        [
            "null", "true", "-1", "0", "-0.0", "1.5", "1e400", "-1e400", "NaN", "Infinity", "",
            "9" * 19, "9" * 20, "9" * 309, "9" * 5_000, "[]", "{}", '""', '" "', "[null]", "[[]]",
            '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\x"', '"', "'a'", "01",
            '{"a":1,"a":2}', '{"":{"":[]}}', "[" * 500 + "]" * 500, "[" * 20_000, '{"":' * 5_000,
            "[" * 200_000, text("x" * 2_000), text(CANARY * 1_000), text(["x"] * 2_000),
            text("9999-12-31T23:59:59-12:00"), text("0001-01-01T00:00:00+14:00"),
            text("9999-12-31T23:59:59.999999Z"), text("0001-01-01T00:00:00Z"),
            text("2026-11-22T12:00:00"), text("2026-02-30T12:00:00Z"), text("9999-12-31"),
            text("0001-01-01"), text("0000-00-00"), text("10000-01-01"), text("+29227702-12-04"),
            text("ffffffff-ffff-7fff-bfff-ffffffffffff"), text("~"), text("../x"),
        ]
    ),
    PLANTED.map(text),
    st.text(max_size=5).map(text),
    st.integers().map(str),
    st.floats().map(str),
)  # fmt: skip
"""Values for any member of an object, as JSON or almost JSON."""


@st.composite
def members(draw: st.DrawFn, form: Mapping[str, st.SearchStrategy[str]]) -> str:
    """Return an object of a form; one member may be hostile, missing or repeated."""
    parts = []
    odd = draw(st.sampled_from([*form, *[None] * 4]))
    for name, right in form.items():
        for how in draw(st.sampled_from(["h", "h", "", "rh", "hr"])) if name == odd else "r":
            value = draw(right if how == "r" else HOSTILE)
            parts.append(f"{text(name)}:{value}")
    if draw(st.sampled_from([*[False] * 9, True])):
        parts.append(f"{text(draw(PLANTED))}:{draw(HOSTILE)}")
    return "{" + ",".join(parts) + "}"


def bodies(*forms: Mapping[str, st.SearchStrategy[str]]) -> st.SearchStrategy[bytes]:
    """Return bodies of these forms, bodies of almost these forms, and other bytes."""
    right = st.one_of(*map(members, forms))
    return st.one_of(
        *[right.map(_bytes)] * 6,
        HOSTILE.map(_bytes),
        st.builds(lambda body, cut: _bytes(body)[:cut], right, st.integers(0, 60)),
        st.builds(lambda body: _bytes(body)[:-1] + b"\xff" + CANARY.encode() + b"}", right),
        st.binary(max_size=10),
    )


def _bytes(body: str) -> bytes:
    return body.encode(errors="surrogatepass")  # keeps half a surrogate pair, as invalid UTF-8


QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["project", "status", "before", "window", CANARY, ""]),
        st.sampled_from(["", "dev", "hidden", "6m", "~", "%00", "%ff", "%ed%a0%80", "x" * 3_000])
        | st.just(CANARY),
    ),
    max_size=2,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))

HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["accept", "origin", "sec-fetch-site", "host", "authorization", "x-forwarded-host"]
        ),
        st.sampled_from(
            ["", "[", "text/html", "null", "http://[", "Bearer a.b.c", "x/y?z#", CANARY]
        ),
    ),
    max_size=2,
)


class Fuzzed:
    """A function in memory, for use in a `with` statement.

    Args:
        create: creates the function's application; called inside the running event loop.
    """

    def __init__(self, create: Callable[[], ASGIApp]) -> None:
        self._create = create
        self._runner = asyncio.Runner()
        self.statuses: set[int] = set()

    def __enter__(self) -> "Fuzzed":
        self._runner.__enter__()
        self._application = self._runner.run(self._created())
        return self

    def __exit__(self, *error: object) -> None:
        self._runner.close()

    async def _created(self) -> ASGIApp:
        return self._create()

    def saw(self, statuses: set[int], examples: int) -> None:
        """Assert that all of these statuses occurred, if there were many examples."""
        assert examples == FEW or statuses <= self.statuses

    def check(
        self,
        method: str,
        url: str,
        content: bytes,
        headers: list[tuple[str, str]],
        *,
        failing: bool,
    ) -> None:
        """Send a request; assert that the answer and the log follow the rules.

        A status of 500 or above is an error, except a 503 while a dependency fails. No answer
        about an error and no log line may quote the request.

        Args:
            method: the method.
            url: the path and query.
            content: the body.
            headers: the headers.
            failing: whether a dependency was made to fail.
        """
        with contextlib.redirect_stdout(io.StringIO()) as logged:
            answer = self._runner.run(self._ask(method, url, content, headers))
        self.statuses.add(answer.status_code)
        assert answer.status_code < 500 or (answer.status_code == 503 and failing), answer.text
        assert CANARY not in logged.getvalue(), logged.getvalue()
        if answer.status_code >= 400:
            told = [answer.text, *answer.headers.values(), *answer.headers]
            assert CANARY not in "\n".join(told), told

    async def _ask(self, method: str, url: str, content: bytes, headers: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._application)
        async with httpx.AsyncClient(transport=transport, base_url="http://f") as client:
            return await client.request(method, url, content=content, headers=headers)
