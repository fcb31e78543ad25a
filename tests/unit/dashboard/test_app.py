"""The dashboard's HTTP interface: viewers see only their projects; all answers have all headers."""

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from functions.dashboard.app import Dashboard, create
from functions.dashboard.identity import KeysUnavailable
from functions.secrets.permissions import Permissions, PermissionsUnavailable
from functions.web.caller import invoker
from tests.unit.dashboard.stand_ins import (
    DAY,
    NONE,
    NOW,
    ROUTES,
    TODAY,
    Operate,
    Rollups,
    daily,
    people,
    room,
)
from tests.unit.identity_tokens import bearer

ANN, BOB, OPERATOR = "ann@acme.example", "bob@other.example", "olga@operator.example"
AS_PERSON = {"accept": "text/html"}


class Secret:
    """Returns the permissions of viewers, or fails."""

    def __init__(self) -> None:
        self.viewers = Permissions(
            projects=["acme-prod", "acme-dev", "other-prod"],
            everything=[OPERATOR],
            some={ANN: ["acme-prod", "acme-dev"], BOB: ["other-prod"]},
        )
        self.failing = False

    def __call__(self) -> Permissions:
        if self.failing:
            raise PermissionsUnavailable("PermissionError")
        return self.viewers


@pytest.fixture
def rollups() -> Rollups:
    return Rollups()


@pytest.fixture
def operate() -> Operate:
    return Operate()


@pytest.fixture
def secret() -> Secret:
    return Secret()


@pytest.fixture
def dashboard(rollups: Rollups, operate: Operate, secret: Secret) -> Dashboard:
    return Dashboard(
        identify=invoker,
        viewers=secret,
        rollups=rollups,  # type: ignore[arg-type]  # a stand-in
        operate=operate,  # type: ignore[arg-type]  # a stand-in
        now=lambda: NOW,
    )


@pytest.fixture
async def client(dashboard: Dashboard) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(dashboard.application())
    async with httpx.AsyncClient(transport=transport, base_url="http://dashboard") as client:
        yield client


@pytest.mark.parametrize("path", [path for path in ROUTES if path != "/health"])
async def test_a_request_without_an_identity_sees_nothing(
    client: httpx.AsyncClient, rollups: Rollups, operate: Operate, path: str
) -> None:
    answer = await client.request(ROUTES[path], path)
    assert answer.status_code == 403
    assert answer.json()["title"] == "You are not signed in"
    assert "gcloud run services proxy" in answer.json()["detail"]
    assert not rollups.requests
    assert not operate.refreshed


@pytest.mark.parametrize("path", [path for path in ROUTES if path != "/health"])
async def test_a_person_who_is_not_a_viewer_learns_whom_to_ask(
    client: httpx.AsyncClient, rollups: Rollups, operate: Operate, path: str
) -> None:
    answer = await client.request(
        ROUTES[path], path, headers=bearer("eve@acme.example") | AS_PERSON
    )
    assert answer.status_code == 403
    assert "eve@acme.example" in answer.text
    assert "Ask the operator" in answer.text
    assert "acme-prod" not in answer.text
    assert not rollups.requests
    assert not operate.refreshed


@pytest.mark.parametrize("path", ["/", "/data", "/csv/people.csv"])
async def test_a_viewer_sees_their_own_projects_only(
    client: httpx.AsyncClient, rollups: Rollups, path: str
) -> None:
    own = await client.get(path, params={"project": "acme-prod"}, headers=bearer(ANN))
    others = await client.get(path, params={"project": "other-prod"}, headers=bearer(ANN))
    nobodys = await client.get(path, params={"project": "x' OR TRUE"}, headers=bearer(ANN))
    assert own.status_code == 200
    assert "other-prod" not in own.text
    assert (others.status_code, nobodys.status_code) == (403, 403)
    assert [project for project, *_ in rollups.requests] == ["acme-prod"]


async def test_an_operator_sees_all_projects(client: httpx.AsyncClient) -> None:
    page = await client.get("/", headers=bearer(OPERATOR))
    for project in ("acme-dev", "acme-prod", "other-prod"):
        assert f">{project}</option>" in page.text


async def test_the_first_project_and_90_days_are_shown_unless_others_are_chosen(
    client: httpx.AsyncClient, rollups: Rollups
) -> None:
    await client.get("/data", headers=bearer(ANN))
    chosen = {"project": "acme-prod", "window": "6m"}
    await client.get("/data", params=chosen, headers=bearer(ANN))
    days = [(project, first.isoformat(), last) for project, first, last, _ in rollups.requests]
    assert days == [("acme-dev", "2026-08-25", TODAY), ("acme-prod", "2026-05-23", TODAY)]
    assert all(first_week.weekday() == 0 for *_, first_week in rollups.requests)


async def test_a_window_that_does_not_exist_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/data?window=1y", headers=bearer(ANN))
    detail = "`window` must be one of 90d, 6m."
    assert (answer.status_code, answer.json()["detail"]) == (400, detail)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", bearer(ANN) | AS_PERSON),
        ("/", AS_PERSON),
        ("/data", bearer(ANN)),
        ("/csv/rooms.csv", bearer(ANN)),
        ("/nowhere", {}),
        ("/health", {}),
    ],
)
async def test_every_answer_forbids_content_from_other_sites(
    client: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    answer = await client.get(path, headers=headers)
    policy = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


async def test_texts_of_senders_are_escaped(client: httpx.AsyncClient, rollups: Rollups) -> None:
    evil = '"><script>alert(1)</script>'
    rollups.rows = NONE._replace(
        daily=[daily(TODAY, events=1)], rooms=[room("<b>", name=evil), room("<img src=x>")]
    )
    page = (await client.get("/", headers=bearer(ANN))).text
    assert "&lt;script&gt;alert(1)" in page
    assert "&lt;img src=x&gt;" in page
    assert "<script>" not in page
    assert "<img" not in page


async def test_a_project_without_events_is_told_what_to_do(client: httpx.AsyncClient) -> None:
    page = (await client.get("/?project=acme-prod", headers=bearer(ANN))).text
    assert "Nothing has been counted in these 90 days" in page
    assert "<code>acme-prod</code>" in page
    assert "<canvas" not in page
    assert 'action="/refresh?project=acme-prod' in page


async def test_the_page_has_a_table_for_each_chart_and_a_download_for_each_table(
    client: httpx.AsyncClient, rollups: Rollups
) -> None:
    rollups.rows = NONE._replace(
        daily=[daily(TODAY, events=12_345, messages=7)],
        people=[people(TODAY - DAY, dau=4), people(TODAY, dau=3, wau=5, mau=9)],
    )
    page = (await client.get("/", headers=bearer(ANN))).text
    charts = page.count("<canvas")
    assert charts == page.count("<details") == 4
    for path in ROUTES:
        if path.startswith("/csv/"):
            assert f'href="{path}?project=acme-dev' in page
    assert '<th scope="row">2026-11-22</th><td>3</td><td>5</td><td>9</td>' in page
    assert "<td>12,345</td>" in page


@pytest.mark.parametrize("uncounted", [True, False])
async def test_the_page_says_with_which_day_its_numbers_of_people_end(
    client: httpx.AsyncClient, rollups: Rollups, *, uncounted: bool
) -> None:
    shown = room("r1", active_90_days=1234, people_until=TODAY - DAY)
    unknown = room("r1", active_90_days=None, people_until=None)
    rollups.rows = NONE._replace(
        daily=[daily(TODAY, events=1)],
        people=[people(TODAY - DAY, dau=4)],
        rooms=[unknown if uncounted else shown],
    )
    page = (await client.get("/", headers=bearer(ANN))).text
    assert "different people up to 21 Nov 2026" in page
    until = "Different people in the 90 days up to 21 Nov 2026."
    assert (until in page, "<td>1,234</td>" in page) == (not uncounted, not uncounted)


async def test_csv_is_what_the_page_shows(client: httpx.AsyncClient, rollups: Rollups) -> None:
    rollups.rows = NONE._replace(
        rooms=[room("r1", name="=1+1", events=1200, active_6_months=5), room("r2")]
    )
    answer = await client.get("/csv/rooms.csv?window=6m", headers=bearer(ANN))
    assert answer.headers["content-type"].startswith("text/csv")
    assert (
        'filename="rooms-acme-dev-2026-05-23-2026-11-22.csv"'
        in answer.headers["content-disposition"]
    )
    assert answer.content.startswith(b'\xef\xbb\xbf"room_id","name",')
    assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))) == [
        ["room_id", "name", "events", "messages", "reactions", "people"],
        ["r1", "'=1+1", "1200", "0", "0", "5"],
        ["r2", "", "1", "0", "0", "1"],
    ]


async def test_refresh_calls_operate_for_days_with_news(
    client: httpx.AsyncClient, operate: Operate
) -> None:
    answer = await client.post("/refresh", headers=bearer(ANN))
    assert (answer.status_code, operate.refreshed) == (200, 1)


async def test_refresh_without_a_script_leads_back_to_the_page(client: httpx.AsyncClient) -> None:
    where = "project=acme-prod&window=6m"
    answer = await client.post(f"/refresh?{where}", headers=bearer(ANN) | AS_PERSON)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/?{where}")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_another_site_cannot_press_refresh(
    client: httpx.AsyncClient, operate: Operate, site: str
) -> None:
    answer = await client.post("/refresh", headers=bearer(ANN) | {"sec-fetch-site": site})
    assert (answer.status_code, operate.refreshed) == (403, 0)


SAME, OTHER = "http://dashboard", "https://other.example"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 200),
        ([("origin", SAME)], 200),
        ([("origin", "https://dashboard")], 200),
        ([("origin", OTHER)], 403),
        ([("origin", "null")], 403),
        ([("origin", "")], 403),
        ([("origin", "http://[")], 403),
        ([("origin", "http://dashboard.other.example")], 403),
        ([("origin", SAME), ("origin", OTHER)], 403),
        ([("sec-fetch-site", "same-origin"), ("origin", OTHER)], 200),
        ([("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], 403),
    ],
)
async def test_without_sec_fetch_site_the_origin_decides(
    client: httpx.AsyncClient, operate: Operate, headers: list[tuple[str, str]], status: int
) -> None:
    answer = await client.post("/refresh", headers=[*bearer(ANN).items(), *headers])
    assert (answer.status_code, operate.refreshed) == (status, int(status == 200))


@pytest.mark.parametrize("host", ["[", "dashboard/data?x=", "dashboard?", "evil.example#"])
async def test_the_header_host_changes_no_route_and_no_redirect(
    client: httpx.AsyncClient, host: str
) -> None:
    headers = bearer(ANN) | AS_PERSON | {"host": host, "sec-fetch-site": "same-origin"}
    answer = await client.post("/refresh?window=6m", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?window=6m")


async def test_two_tokens_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/data", headers=[*bearer(ANN).items(), *bearer(ANN).items()])
    assert answer.status_code == 403


async def test_a_failure_says_when_to_try_again(
    client: httpx.AsyncClient, rollups: Rollups, operate: Operate, secret: Secret
) -> None:
    rollups.failing = operate.failing = True
    answers = [
        await client.get("/", headers=bearer(ANN) | AS_PERSON),
        await client.post("/refresh", headers=bearer(ANN)),
    ]
    secret.failing = True
    answers.append(await client.get("/data", headers=bearer(ANN)))
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert [answer.headers["retry-after"] for answer in answers] == ["60", "60", "60"]


async def test_without_the_keys_of_the_proxy_no_one_is_admitted(
    secret: Secret, rollups: Rollups
) -> None:
    def unavailable(_: object) -> str:
        raise KeysUnavailable

    dashboard = Dashboard(
        identify=unavailable,
        viewers=secret,
        rollups=rollups,  # type: ignore[arg-type]  # a stand-in
        operate=Operate(),  # type: ignore[arg-type]  # a stand-in
        now=lambda: NOW,
    )
    transport = httpx.ASGITransport(dashboard.application())
    async with httpx.AsyncClient(transport=transport, base_url="http://dashboard") as client:
        assert (await client.get("/data")).status_code == 503
    assert not rollups.requests


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/refresh", 405, "POST"),
        ("POST", "/", 405, "GET"),
        ("DELETE", "/data", 405, "GET"),
        ("GET", "/csv/secrets.csv", 404, None),
        ("GET", "/assets/0/dashboard.js", 404, None),
        ("GET", "/health", 200, None),
        ("HEAD", "/health", 200, None),
    ],
)
async def test_paths_and_methods(
    client: httpx.AsyncClient, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = await client.request(method, path, headers=bearer(ANN))
    assert (answer.status_code, answer.headers.get("allow")) == (status, allow)


async def test_scripts_and_styles_are_served_by_the_function_and_cached(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/", headers=bearer(ANN))).text
    paths = [part.split('"')[0] for part in page.split('="/assets/')[1:]]
    assert len(paths) == 4
    for path in paths:
        answer = await client.get(f"/assets/{path}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        plain = await client.get(f"/assets/{path}", headers={"accept-encoding": "identity"})
        assert plain.text == answer.text
    chart = next(path for path in paths if "bundle" in path)
    assert "Chart.js v4" in (await client.get(f"/assets/{chart}")).text[:200]


async def test_create_reads_its_settings(tmp_path: Path) -> None:
    viewers = tmp_path / "viewers.json"
    viewers.write_text(json.dumps({"projects": ["p"], "some": {ANN: ["p"]}}))
    settings = {
        "GCP_PROJECT": "p",
        "BIGQUERY_ENDPOINT": "http://127.0.0.1:9",
        "LOCATION": "europe-west1",
        "STORE_DATASET": "projects/p/datasets/chat_eu_store",
        "BI_DATASET": "projects/p/datasets/chat_eu",
        "OPERATE_URL": "http://127.0.0.1:9",
        "VIEWERS_FILE": str(viewers),
    }
    # With an audience, only the assertion of Identity-Aware Proxy counts; without one, the caller
    # that Cloud Run has verified.
    for audience, advice in (("", "no identity token"), ("/projects/1", "Identity-Aware Proxy")):
        transport = httpx.ASGITransport(create(settings | {"IAP_AUDIENCE": audience}))
        async with httpx.AsyncClient(transport=transport, base_url="http://dashboard") as client:
            headers = bearer(ANN) if audience else {}
            answer = await client.get("/data", headers=headers)
        assert answer.status_code == 403
        assert advice in answer.json()["detail"]
    with pytest.raises(ValueError, match="OPERATE_URL"):
        create({name: value for name, value in settings.items() if name != "OPERATE_URL"})
