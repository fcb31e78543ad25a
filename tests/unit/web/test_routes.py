"""The router of the private functions gives the same answers on every path that is not a route."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from functions.web.problem import MEDIA_TYPE, ProblemError, problem, retry_later
from functions.web.routes import Route, application


async def list_all(_request: Request) -> Response:
    return PlainTextResponse("all")


async def file(_request: Request) -> Response:
    raise ProblemError(422, "`until` is in the past", members={"field": "until"})


async def show(request: Request) -> Response:
    return PlainTextResponse(f"one: {request.path_params['id']}")


async def fail(request: Request) -> Response:
    raise {"key": KeyError("secret"), "later": retry_later("Not now")}[request.path_params["how"]]


async def explain(_request: Request, _error: KeyError) -> Response:
    return problem(400, "Explained")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    routes = [
        Route("GET", "/things", list_all),
        Route("POST", "/things", file),
        Route("GET", "/things/{id}", show),
        Route("POST", "/fail/{how}", fail),
    ]
    transport = httpx.ASGITransport(application(routes, {KeyError: explain}))
    async with httpx.AsyncClient(transport=transport, base_url="http://h") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/health", 200, None),
        ("HEAD", "/health", 200, None),
        ("POST", "/health", 405, "GET, HEAD"),
        ("GET", "/things", 200, None),
        ("HEAD", "/things", 200, None),
        ("DELETE", "/things", 405, "GET, POST"),
        ("BREW", "/things", 405, "GET, POST"),
        ("POST", "/things/1", 405, "GET"),
        ("GET", "/things/", 404, None),
        ("GET", "/things/1/", 404, None),
        ("GET", "//things", 404, None),
        ("GET", "/Things", 404, None),
        ("GET", "/things%0A", 404, None),
        ("GET", "/things/a%2Fb", 404, None),
        ("GET", "/", 404, None),
        ("BREW", "/nothing", 404, None),
    ],
)
async def test_paths_and_methods(
    client: httpx.AsyncClient, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers.get("allow")) == (status, allow)
    if status != 200:
        titles = {404: "Not found", 405: "Method not allowed"}
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.json() == {"title": titles[status], "status": status}


async def test_an_id_is_decoded(client: httpx.AsyncClient) -> None:
    assert (await client.get("/things/a%20b")).text == "one: a b"


async def test_a_problem_is_answered_with_its_members(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things")
    assert answer.json() == {"title": "`until` is in the past", "status": 422, "field": "until"}
    later = await client.post("/fail/later")
    assert (later.status_code, later.headers["retry-after"]) == (503, "60")


async def test_a_function_explains_its_own_errors(client: httpx.AsyncClient) -> None:
    assert (await client.post("/fail/key")).json()["title"] == "Explained"
