"""Checks at the end that the numbers in receipts agree with the truth."""

import json
from collections import Counter, defaultdict
from typing import Any

from tests.privacy_simulation.cell import Cell
from tests.privacy_simulation.truth import Truth
from tests.privacy_simulation.warehouse import WAREHOUSE
from tests.privacy_simulation.words import Event, Request


class Receipts:
    """The receipts of erasures.

    Args:
        truth: says which events each erasure applies to.
        cell: the simulated cell.
        erasure_ids: the ids of erasures through the interface, by the number of the request.
    """

    def __init__(self, truth: Truth, cell: Cell, erasure_ids: dict[int, str]) -> None:
        self._truth = truth
        self._cell = cell
        self._ids = dict(erasure_ids)
        rows = cell.warehouse.rows(
            "SELECT receipt_id, operation, reference, people, TO_JSON_STRING(detail) AS detail "
            f"FROM `{WAREHOUSE.store}.receipts_v1`"
        )
        ids = [row["receipt_id"] for row in rows]
        assert len(ids) == len(set(ids))
        self._of: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            self._of[row["reference"]].append(row | {"detail": json.loads(row["detail"])})

    def check(self) -> None:
        """Assert that each erasure through the interface has all receipts, with right numbers."""
        now = self._cell.now
        for request in self._truth.script.requests:
            if request.source != "api":
                continue
            receipts = self._of[self._ids[request.number]]
            steps = Counter(receipt["detail"]["step"] for receipt in receipts)
            assert steps["filed"] == 1
            [filed] = [each for each in receipts if each["detail"]["step"] == "filed"]
            assert filed["people"] == len(request.people)
            assert steps["restored"] == (request.restored_at is not None)
            executed = [each for each in receipts if each["detail"]["step"] == "executed"]
            done = [self._truth.executed_at(request, one) for one in request.ids()]
            assert bool(executed) == any(done)
            counts: Counter[str] = Counter()
            for receipt in receipts:
                counts.update(receipt["detail"].get("counts", {}))
            touched = sum(n for what, n in counts.items() if _is_of_events(what))
            least, most = self._touched(request)
            assert least <= touched <= most, (request, least, touched, most)
        assert now > self._truth.script.leaves_at
        [certificate] = [each for each in self._of["rival"] if each["detail"]["step"] == "complete"]
        assert certificate["operation"] == "offboarding"

    def _touched(self, request: Request) -> tuple[int, int]:
        """Return the smallest and the largest number of changed events that receipts may state."""
        events = [
            event
            for event in self._truth.script.events
            if event.user_id and self._owner(event) is request
        ]
        if request.restored_at is not None:
            return 0, 0
        # A crash may lose the numbers of objects and letters, because they are counted last.
        stored = [event for event in events if event.arrivals[0].way == "topic"]
        return len(stored), 2 * sum(len(event.arrivals) for event in events)

    def _owner(self, event: Event) -> Request | None:
        one = (event.project, event.user_id)
        return self._truth.owner(event, one, self._cell.now)


def _is_of_events(what: str) -> bool:
    return what.endswith(("_deleted", "_anonymised"))
