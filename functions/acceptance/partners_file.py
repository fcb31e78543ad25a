"""The partners' secret, kept fresh."""

import time
from collections.abc import Callable
from pathlib import Path

from functions.acceptance.partners import Directory
from functions.observe.log import log
from functions.secrets.file import SecretFile, SecretUnavailable


class PartnersUnavailable(SecretUnavailable):
    """The secret cannot be read and the last good value is too old: nobody may be let in."""


class PartnersFile(SecretFile[Directory]):
    """Keeps the directory fresh.

    A rotated token works, and a revoked one stops working, once the secret is read again.

    Args:
        path: the secret's file.
        clock: seconds, monotonic.
        read: returns the file's content; may block.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[Path], bytes] = Path.read_bytes,
    ) -> None:
        super().__init__("partners", path, _parse, PartnersUnavailable, clock=clock, read=read)


def _parse(text: bytes) -> Directory:
    """Read the secret; log each error in it, at each read: an alert hears of it."""
    directory = Directory.from_json(text)
    for fault in directory.faults:
        log("ERROR", "partner record faulty", partner=fault.partner, field=fault.field, faults=1)
    return directory
