"""The interface of objects that run statements, so that tests can pass stand-ins."""

from typing import Any, Protocol

from functions.warehouse.parameters import Parameter


class StatementRunner(Protocol):
    """Runs statements of ``sql/privacy``, like `functions.warehouse.statements.Statements`."""

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        """Run a query and return its rows."""

    async def change(self, name: str, **parameters: Parameter) -> int:
        """Run a statement that changes rows; return the number of changed rows."""
