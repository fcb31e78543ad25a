"""The interfaces of storage and of a subscription; tests pass stand-ins."""

from collections.abc import Sequence
from typing import Protocol

from functions.google.storage import Stored
from functions.google.subscription import Letter


class Objects(Protocol):
    """The bucket's objects, like `functions.google.storage.Objects`."""

    async def find(self, prefix: str) -> list[Stored]:
        """Return the objects whose names start with a prefix, sorted by name."""

    async def read(self, stored: Stored) -> bytes | None:
        """Return the content of a version; None if the version no longer exists."""

    async def write(self, name: str, content: bytes, content_type: str, *, over: int) -> bool:
        """Write an object in place of a version; return whether it was written."""

    async def delete(self, stored: Stored) -> None:
        """Delete a version."""


class Subscription(Protocol):
    """The dead-letter subscription, like `functions.google.subscription.Subscription`."""

    async def pull(self) -> list[Letter]:
        """Lease messages that no other client has leased."""

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Acknowledge messages, so that Pub/Sub deletes them."""

    async def give_back(self, letters: Sequence[Letter]) -> None:
        """End the leases, so that the messages can be pulled again at once."""
