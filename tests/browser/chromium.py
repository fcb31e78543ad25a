"""Starts the system's Chromium for tests; nothing is downloaded."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_MILLISECONDS = 60_000
"""How long anything may take: a machine may be slow and busy."""


class Missing(Exception):
    """There is no browser on this machine."""


@contextmanager
def running() -> Iterator[Browser]:
    """Run a browser for as long as the context is open.

    Raises:
        Missing: none is installed.
    """
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise Missing(f"none of {', '.join(NAMES)} is installed (Debian: apt-get install chromium)")
    # Its sandbox refuses to run as root, as in a container; it opens the cell's own pages only.
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
