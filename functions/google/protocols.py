"""Storage and a subscription, for what takes them. Tests put stand-ins in their place."""

from collections.abc import Sequence
from typing import Protocol

from functions.google.storage import Stored
from functions.google.subscription import Letter


class Objects(Protocol):
    """The bucket's objects, as `functions.google.storage.Objects`."""

    async def find(self, prefix: str) -> list[Stored]:
        """Return the objects whose name starts so, in the order of their names."""

    async def read(self, stored: Stored) -> bytes | None:
        """Return the content; None where that version is gone."""

    async def write(self, name: str, content: bytes, content_type: str, *, over: int) -> bool:
        """Write an object in place of a version; say whether it was written."""

    async def delete(self, stored: Stored) -> None:
        """Delete that version."""


class Subscription(Protocol):
    """The dead-letter subscription, as `functions.google.subscription.Subscription`."""

    async def pull(self) -> list[Letter]:
        """Lease messages that nobody else has."""

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Have messages forgotten."""

    async def give_back(self, letters: Sequence[Letter]) -> None:
        """Let messages be pulled again at once."""
