"""Reduces a user agent to the parts that analysts need; no table stores the whole user agent.

A whole user agent can identify a person. The families of the browser and of the operating system,
and the type of the device, cannot.
"""

from functools import cache, lru_cache

import msgspec
from ua_parser import Parser, Result
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

AGENT_CHARACTERS = 512
"""The maximum number of characters that are read from a user agent. Real user agents are shorter,
and long texts take long to parse."""

FAMILY_CHARACTERS = 64
CACHED_AGENTS = 4096

_DESKTOP = frozenset(
    {"Windows", "Mac OS X", "Mac OS", "Linux", "Ubuntu", "Fedora", "Debian", "Chrome OS", "FreeBSD"}
)
_MOBILE = frozenset(
    {"iOS", "Android", "Windows Phone", "BlackBerry OS", "KaiOS", "HarmonyOS", "Firefox OS"}
)
_TV_SYSTEMS = frozenset({"tvOS", "ATV OS X", "Web0S", "webOS", "Roku", "Roku OS", "FireOS TV"})
_TV_WORDS = ("smart-tv", "smarttv", "smart tv", "googletv", "appletv", "apple tv", "hbbtv", "aft")
_TABLET_WORDS = ("ipad", "tablet", "kindle", "playbook", "nexus 7", "nexus 9", "nexus 10")


class Client(msgspec.Struct, frozen=True):
    """The stored parts of a user agent.

    Attributes:
        browser: the browser family, such as ``Chrome Mobile``; None if it is not known.
        os: the family of the operating system, such as ``Android``; None if it is not known.
        device_type: ``desktop``, ``mobile``, ``tablet``, ``tv``, ``bot`` or ``other``.
    """

    browser: str | None
    os: str | None
    device_type: str


def reduce_user_agent(agent: str) -> Client:
    """Reduce a user agent to browser, operating system and device type.

    A browser that requests desktop pages counts as a desktop. An iPad requests them by default.
    """
    return _reduced(agent[:AGENT_CHARACTERS])  # cut first, to limit the memory of the cache


@lru_cache(maxsize=CACHED_AGENTS)
def _reduced(agent: str) -> Client:
    parsed = _parser().parse(agent)
    return Client(
        browser=_family(parsed.user_agent.family if parsed.user_agent else None),
        os=_family(parsed.os.family if parsed.os else None),
        device_type=_device_type(parsed, agent),
    )


@cache
def _parser() -> Parser:
    # The resolver in Rust is 10 to 30 times as fast as the one in Python. Building it takes a
    # quarter of a second, so it is built only when the first user agent arrives.
    return Parser(Resolver(load_lazy_builtins()))


def _family(family: str | None) -> str | None:
    return family[:FAMILY_CHARACTERS] if family else None


def _device_type(parsed: Result, agent: str) -> str:
    system = parsed.os.family if parsed.os else ""
    device = parsed.device
    words = f"{device.family} {device.brand} {device.model}".lower() if device else ""
    if device and device.family == "Spider":
        return "bot"
    if system in _TV_SYSTEMS or any(word in words for word in _TV_WORDS):
        return "tv"
    # Google recommends that browsers on Android tablets do not send the word Mobile.
    if any(word in words for word in _TABLET_WORDS) or (
        system == "Android" and agent.startswith("Mozilla/") and "Mobile" not in agent
    ):
        return "tablet"
    if system in _MOBILE or "smartphone" in words:
        return "mobile"
    return "desktop" if system in _DESKTOP else "other"
