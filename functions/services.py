"""What the operations use of the services around them. Tests put stand-ins in their place."""

from collections.abc import Sequence
from typing import Any, Protocol

from functions.objects import Stored
from functions.subscription import Letter
from functions.warehouse.parameters import Parameter


class Statements(Protocol):
    """Runs statements of ``sql/privacy``, as `functions.warehouse.statements.Statements`."""

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        """Run a query; return its rows."""

    async def change(self, name: str, **parameters: Parameter) -> int:
        """Run a statement that changes rows; return how many it changed."""


class Objects(Protocol):
    """The bucket's objects, as `functions.objects.Objects`."""

    async def find(self, prefix: str) -> list[Stored]:
        """Return the objects whose name starts so, in the order of their names."""

    async def read(self, stored: Stored) -> bytes | None:
        """Return the content; None where that version is gone."""

    async def write(self, name: str, content: bytes, content_type: str, *, over: int) -> bool:
        """Write an object in place of a version; say whether it was written."""

    async def delete(self, stored: Stored) -> None:
        """Delete that version."""


class Subscription(Protocol):
    """The dead-letter subscription, as `functions.subscription.Subscription`."""

    async def pull(self) -> list[Letter]:
        """Lease messages that nobody else has."""

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Have messages forgotten."""

    async def give_back(self, letters: Sequence[Letter]) -> None:
        """Let messages be pulled again at once."""
