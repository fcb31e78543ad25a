"""What runs statements, for what takes it. Tests put stand-ins in its place."""

from typing import Any, Protocol

from functions.warehouse.parameters import Parameter


class Statements(Protocol):
    """Runs statements of ``sql/privacy``, as `functions.warehouse.statements.Statements`."""

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        """Run a query; return its rows."""

    async def change(self, name: str, **parameters: Parameter) -> int:
        """Run a statement that changes rows; return how many it changed."""
