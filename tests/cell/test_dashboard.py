"""The dashboard in a browser, as a person uses it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser import chromium
from tests.cell.conftest import Post, Rows
from tests.cell.running import within_a_day

pytestmark = pytest.mark.cell

PROJECT = "partner-prod"
SECONDS = chromium.TIMEOUT_MILLISECONDS / 1000
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}

MOST_REQUESTS = 8
MOST_BYTES = 1_200_000
"""The limit for everything that a page loads, before compression; most is the library of charts."""

expect.set_options(timeout=chromium.TIMEOUT_MILLISECONDS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium.running() as browser:
            yield browser
    except chromium.Missing as missing:
        pytest.skip(f"NOT RUN: the dashboard was not looked at in a browser: {missing}")


Send = Callable[[int], None]


@pytest.fixture(scope="module")
def send(post: Post, stored: Rows) -> Send:
    """A function that sends messages, each from another person, and waits until they are stored."""

    def send(count: int) -> None:
        value = {"project": PROJECT, "event_id": "room-1"}
        now = datetime.now(UTC).isoformat()
        events = [
            {"event": "message_sent", "value": value | {"user_id": f"{now} {number}"}}
            for number in range(count)
        ]
        answer = post(events)
        assert answer.status_code == 200
        stored([result["ingest_id"] for result in answer.json()["results"]])

    return send


@pytest.fixture(scope="module")
def filled(description: dict[str, Any], send: Send) -> str:
    """The URL of the dashboard, for a project whose events of today are counted."""
    url = description["dashboard"]

    def fill() -> int:
        send(2)
        return httpx.post(f"{url}/refresh", timeout=SECONDS, trust_env=False).status_code

    assert within_a_day(fill)[1] == 200
    return f"{url}/?project={PROJECT}"


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """Open a URL; assert at the end that the browser logged nothing and called no other host."""
    width, height = SIZES[options.pop("size", "desktop")]
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(chromium.TIMEOUT_MILLISECONDS)
    page = context.new_page()
    messages: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    page.goto(url)
    yield page
    origin = url.split("/?", maxsplit=1)[0]
    assert requested
    assert not [each for each in requested if not each.startswith((f"{origin}/", "data:"))]
    assert messages == []
    context.close()


def figure(page: Page, name: str) -> int:
    shown = page.locator(f'[data-figure="{name}"]').inner_text()
    return int(shown.replace(",", ""))


DRAWN = """() => [...document.querySelectorAll('canvas')].map(canvas =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(byte => byte))
"""


HIDDEN_WIDTH = "table => table.scrollWidth - table.clientWidth"


def test_the_page_shows_numbers_and_draws_every_chart(browser: Browser, filled: str) -> None:
    with opened(browser, filled) as page:
        assert figure(page, "dau") >= 2
        assert figure(page, "messages") >= 2
        expect(page.locator("html")).to_have_class("scripted")
        assert page.evaluate(DRAWN) == [True] * 4
        expect(page.locator("#synchronised")).to_contain_text("UTC")


def test_the_window_is_switched_and_back(browser: Browser, filled: str) -> None:
    with opened(browser, filled) as page:
        days = page.locator("#people tbody tr")
        assert days.count() == 90
        page.get_by_role("radio", name="6 months").check()
        expect(page.get_by_role("status")).to_have_text(f"Showing {PROJECT}, 6 months.")
        expect(page).to_have_url(re.compile("window=6m"))
        assert days.count() > 180
        assert page.evaluate(DRAWN) == [True] * 4
        page.go_back()
        expect(days).to_have_count(90)


def test_another_project_is_picked(browser: Browser, filled: str) -> None:
    with opened(browser, filled) as page:
        picker = page.get_by_role("combobox", name="Project")
        assert picker.locator("option").all_inner_texts() == ["dev", PROJECT]
        picker.select_option("dev")
        expect(page.get_by_role("status")).to_have_text("Showing dev, 90 days.")
        expect(page.get_by_role("main")).to_have_attribute("data-project", "dev")
        expect(page).to_have_url(re.compile("project=dev&window=90d$"))
        expect(page).to_have_title(re.compile("^dev "))


@pytest.mark.soak
def test_refresh_counts_new_events(browser: Browser, filled: str, send: Send) -> None:
    with opened(browser, filled) as page:
        names = ("messages", "dau", "senders")

        def refreshed() -> list[int]:
            status = page.get_by_role("status")
            status.evaluate("said => { said.textContent = '' }")  # clear the last refresh's text
            page.get_by_role("button", name="Refresh").click()
            expect(status).to_contain_text("Up to date")
            return [figure(page, name) for name in names]

        def send_between() -> tuple[list[int], list[int]]:
            before = refreshed()  # on the same day as below: daily active users restart at midnight
            send(3)
            return before, refreshed()

        _, (before, after) = within_a_day(send_between)
        assert after == [count + 3 for count in before]
        expect(page.locator("#progress")).to_be_hidden()


def test_the_page_shows_a_running_refresh_and_a_failed_one(browser: Browser, filled: str) -> None:
    with opened(browser, filled) as page:
        waiting: list[Any] = []
        page.route("**/refresh*", lambda route: waiting.append(route))  # noqa: PLW0108 - its arity is looked at
        button = page.get_by_role("button", name="Refresh")
        button.click()
        expect(page.locator("#progress")).to_be_visible()
        runs = "bar => bar.getAnimations().length"
        assert page.get_by_role("progressbar", name="Refreshing").evaluate(runs) == 1
        expect(page.get_by_role("status")).to_contain_text("Counting")
        expect(button).to_have_attribute("aria-disabled", "true")
        problem = {"title": "The numbers could not be brought up to date", "detail": "Try again."}
        # Not a 503, because the browser logs it, and `opened` allows no log lines.
        waiting[0].fulfill(status=200, body="")
        expect(page.locator("#progress")).to_be_hidden()
        page.unroute("**/refresh*")
        page.evaluate(
            "problem => { window.fetch = async () => Response.json(problem, { status: 503 }) }",
            problem,
        )
        button.click()
        expect(page.get_by_role("status")).to_have_text(
            "The numbers could not be brought up to date. Try again."
        )
        expect(button).not_to_have_attribute("aria-disabled", "true")
        page.evaluate("() => { window.fetch = async () => { throw new TypeError() } }")
        button.click()
        expect(page.get_by_role("status")).to_contain_text("cannot be reached. Reload the page")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_in_light_and_in_dark(
    browser: Browser, filled: str, size: str, scheme: str
) -> None:
    with opened(browser, filled, size=size, color_scheme=scheme) as page:
        page.get_by_text("Table", exact=False).first.click()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == SIZES[size][0]
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        brightness = sum(map(int, re.findall(r"\d+", ground)[:3]))
        assert (brightness > 600) == (scheme == "light")
        assert page.get_by_role("group", name="Table of top rooms").evaluate(HIDDEN_WIDTH) == 0
        assert len(page.screenshot(full_page=True)) > 10_000


def test_it_is_used_with_the_keyboard_alone(browser: Browser, filled: str) -> None:
    focused = "document.activeElement.{}"
    with opened(browser, filled) as page:
        visited = []
        for _ in range(4):
            page.keyboard.press("Tab")
            visited.append(page.evaluate(focused.format("tagName")))
        assert visited == ["A", "SELECT", "INPUT", "BUTTON"]
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Up to date")
        assert page.evaluate(focused.format("tagName")) == "BUTTON"
        page.locator("#people summary").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("table", name="Active users by day")).to_be_visible()


def test_every_element_has_a_name_for_screen_readers(browser: Browser, filled: str) -> None:
    with opened(browser, filled) as page:
        for role in ("banner", "main", "contentinfo"):
            expect(page.get_by_role(role)).to_have_count(1)
        expect(page.get_by_role("combobox", name="Project")).to_have_value(PROJECT)
        expect(page.get_by_role("group", name="Days shown").get_by_role("radio")).to_have_count(2)
        expect(page.get_by_role("img", name=re.compile("^Chart: .+ table"))).to_have_count(4)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        names = page.evaluate(
            "[...document.querySelectorAll('a, button, summary')].map(e => e.innerText)"
        )
        assert all(names)
        assert page.locator("html").get_attribute("lang") == "en"


def test_it_works_without_a_script(browser: Browser, filled: str) -> None:
    with opened(browser, filled, java_script_enabled=False) as page:
        assert figure(page, "messages") >= 2
        page.get_by_role("radio", name="6 months").check()
        page.get_by_role("button", name="Show").click()
        expect(page).to_have_url(re.compile("window=6m"))
        page.get_by_role("button", name="Refresh").click()
        expect(page).to_have_url(re.compile(f"/\\?project={PROJECT}&window=6m$"))


def test_numbers_are_downloaded_as_csv(browser: Browser, filled: str) -> None:
    with opened(browser, filled) as page, page.expect_download() as download:
        page.get_by_role("link", name="CSV of Active users by day").click()
    assert re.fullmatch(rf"people-{PROJECT}-[\d-]+\.csv", download.value.suggested_filename)


def test_the_page_needs_few_requests_and_little_data(browser: Browser, filled: str) -> None:
    """The page's time depends on these numbers on every machine; `make bench` measures seconds."""
    with opened(browser, filled) as page:
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it is asked for more than a built-in has
        page.reload(wait_until="networkidle")
        assert 1 <= len(answers) <= MOST_REQUESTS
        assert sum(len(answer.body()) for answer in answers) <= MOST_BYTES
