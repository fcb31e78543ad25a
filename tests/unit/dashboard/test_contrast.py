"""The light and the dark colours have enough contrast (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

from functions.dashboard import assets

STYLE = (Path(assets.__file__).parent / "static" / "dashboard.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{3,6});", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
)
TEXT = [
    (ink, ground) for ink in ("--ink", "--soft", "--accent") for ground in ("--paper", "--ground")
] + [("--up", "--paper"), ("--down", "--paper"), ("--down", "--ground"), ("--accent", "--wash")]
DRAWN = [(line, "--paper") for line in ("--first", "--second", "--third")]


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    pairs = [digit * 2 for digit in digits] if len(digits) == 3 else re.findall("..", digits)
    red, green, blue = (_linear(int(pair, 16) / 255) for pair in pairs)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_maximum_contrast() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_charts_stand_out(scheme: dict[str, str]) -> None:
    colours = LIGHT | scheme
    texts = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXT}
    texts[("--accent-ink", "--accent")] = contrast(colours["--accent-ink"], colours["--accent"])
    drawn = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in DRAWN}
    assert not {pair: ratio for pair, ratio in texts.items() if ratio < 4.5}
    assert not {pair: ratio for pair, ratio in drawn.items() if ratio < 3}
