import pytest

from functions.events.user_agent import FAMILY_CHARACTERS, Client, _reduced, reduce_user_agent

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/123.0.0.0 Safari/537.36",
            ("Chrome", "Windows", "desktop"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/114.0.0.0 Mobile Safari/537.36",
            ("Chrome Mobile", "Android", "mobile"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; SM-X710) {WEBKIT} Chrome/123.0.0.0 Safari/537.36",
            ("Chrome", "Android", "tablet"),
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) {WEBKIT} Version/17.0 Mobile/15 Safari/6",
            ("Mobile Safari", "iOS", "mobile"),
        ),
        (
            f"Mozilla/5.0 (iPad; CPU OS 16_0) {WEBKIT} Version/16.0 Mobile/15 Safari/6",
            ("Mobile Safari", "iOS", "tablet"),
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            ("Googlebot", None, "bot"),
        ),
        (
            f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {WEBKIT} SamsungBrowser/4.0 TV Safari/5",
            ("Samsung Internet", "Tizen", "tv"),
        ),
        ("Dalvik/2.1.0 (Linux; U; Android 9)", ("Android", "Android", "mobile")),
        ("something else", (None, None, "other")),
    ],
)
def test_agents(agent: str, expected: tuple[str | None, str | None, str]) -> None:
    assert reduce_user_agent(agent) == Client(*expected)


def test_a_long_agent_is_cut() -> None:
    client = reduce_user_agent("x" * 300 + "/1.0 CFNetwork/1408 Darwin/22.5.0" + "y" * 100_000)
    assert client.browser is None or len(client.browser) <= FAMILY_CHARACTERS


def test_no_more_of_an_agent_is_remembered_than_is_read() -> None:
    reduce_user_agent("z" * 1_000_000)
    before = _reduced.cache_info()
    reduce_user_agent("z" * 2_000_000)
    assert (_reduced.cache_info().hits, _reduced.cache_info().currsize) == (
        before.hits + 1,
        before.currsize,
    )
