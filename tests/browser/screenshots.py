"""``python -m tests.browser.screenshots`` takes the README's pictures of a running dashboard."""

from pathlib import Path

import click

from tests.browser import chromium

PICTURES = {
    "dashboard-light": ("light", 1280, 1000),
    "dashboard-dark": ("dark", 1280, 1000),
    "dashboard-phone-light": ("light", 390, 844),
    "dashboard-phone-dark": ("dark", 390, 844),
}
"""The colour scheme, width and height (CSS pixels) of each picture."""


@click.command()
@click.option("--url", default="http://127.0.0.1:8608/", show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=Path("docs"), show_default=True)
@click.option("--whole", is_flag=True, help="The whole page, instead of what a screen shows of it.")
def main(url: str, folder: Path, *, whole: bool) -> None:
    """Take all pictures."""
    with chromium.running() as browser:
        for name, (scheme, width, height) in PICTURES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page.goto(url)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}.png", full_page=whole)
            page.close()


if __name__ == "__main__":
    main()
