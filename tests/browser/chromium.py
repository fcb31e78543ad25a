"""Starts the system's Chromium for tests; nothing is downloaded."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_MILLISECONDS = 60_000
"""How long an action in the browser may take, on a slow and busy machine."""


class Missing(Exception):
    """No browser is installed on this machine."""


@contextmanager
def running() -> Iterator[Browser]:
    """Run a browser while the context is open.

    Raises:
        Missing: no browser is installed.
    """
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise Missing(f"none of {', '.join(NAMES)} is installed (Debian: apt-get install chromium)")
    # Chromium's sandbox does not run as root, for example in a container. Without it, the tests are
    # safe, because the browser opens only pages of the cell.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*options, "--disable-dev-shm-usage"],
            timeout=TIMEOUT_MILLISECONDS,
        )
        try:
            yield browser
        finally:
            browser.close()
