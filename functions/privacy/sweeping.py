"""``POST /sweep``: the scheduler has erasures executed that are due."""

from dataclasses import asdict
from typing import Protocol

from starlette.responses import JSONResponse, Response

from functions.log import log
from functions.privacy.refusal import Refused, later
from functions.privacy.routes import Asked
from functions.privacy.sweep import SweepReport


class Sweep(Protocol):
    """Executes erasures, as `functions.privacy.sweep.Sweep`."""

    async def run(self) -> SweepReport:
        """Execute what is due."""


class Sweeping:
    """Answers requests for a sweep.

    Args:
        sweep: executes erasures.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    async def post(self, asked: Asked) -> Response:
        """Run a sweep: 200 with its report, 202 where time did not suffice for all.

        Raises:
            Refused: the caller is neither the scheduler nor an operator (403), or a service did
                not answer (503).
        """
        if not (asked.caller.is_scheduler or asked.caller.is_operator):
            raise Refused(403, "Only the scheduler or an operator of the cell may do this")
        report = asdict(await self._sweep.run())
        if report["unavailable"]:
            raise later(f"Not finished: {report['unavailable']}", report)
        log("INFO", "swept", **report | {"executed": len(report["executed"])})
        return JSONResponse(report, status_code=200 if report["finished"] else 202)
