import asyncio
import json
from collections.abc import Mapping, Sequence

import pytest

from functions.batching import QueueFull
from functions.load import table
from functions.load.connection import AppendFailed
from functions.load.protobuf import RowEncoder
from functions.load.table import Append, RowRefused, Table, store_all_good

ENCODER = RowEncoder([{"name": "id", "type": "STRING", "mode": "REQUIRED"}])


class Service:
    """Refuses appends with rows that hold ``bad``, naming at most `names` of them."""

    def __init__(self, names: int = 10) -> None:
        self.names = names
        self.appends: list[int] = []
        self.stored: list[bytes] = []

    async def append(self, rows: Sequence[bytes]) -> Mapping[int, int]:
        self.appends.append(len(rows))
        bad = [index for index, row in enumerate(rows) if b"bad" in row]
        if not bad:
            self.stored += rows
        return dict.fromkeys(bad[: self.names], 1)


def make(append: Append, **limits: int) -> Table:
    return Table(
        "t", ENCODER, append, **{"max_rows": 100, "max_in_flight": 1, "max_waiting": 100} | limits
    )


async def failing(rows: Sequence[bytes]) -> Mapping[int, int]:
    raise AppendFailed("UNAVAILABLE")


@pytest.mark.parametrize("names", [1, 10])
async def test_bad_rows_are_taken_out(names: int) -> None:
    service = Service(names)
    rows = [b"a", b"bad", b"b", b"bad", b"c"]
    assert await store_all_good(service.append, rows) == [True, False, True, False, True]
    assert service.stored == [b"a", b"b", b"c"]


async def test_nothing_is_sent_where_all_rows_are_bad() -> None:
    service = Service()
    assert await store_all_good(service.append, [b"bad", b"bad"]) == [False, False]
    assert service.appends == [2]


async def test_an_error_about_no_row_fails_the_append() -> None:
    async def append(rows: Sequence[bytes]) -> Mapping[int, int]:
        return {len(rows): 1}

    with pytest.raises(AppendFailed):
        await store_all_good(append, [b"a"])


async def test_concurrent_rows_share_an_append_and_each_gets_its_own_outcome() -> None:
    service = Service()
    stored = make(service.append)
    outcomes = await asyncio.gather(
        *(stored.store({"id": name}) for name in ("a", "bad", "c")), return_exceptions=True
    )
    assert [getattr(outcome, "reason", None) for outcome in outcomes] == [
        None,
        "row_refused",
        None,
    ]
    assert service.appends == [3, 2]


async def test_a_row_that_does_not_fit_the_schema_harms_nobody() -> None:
    service = Service()
    stored = make(service.append)
    outcomes = await asyncio.gather(
        stored.store({"id": "a"}), stored.store({"id": 1}), return_exceptions=True
    )
    assert [getattr(outcome, "reason", None) for outcome in outcomes] == [None, "not_encodable"]
    assert service.appends == [1]


async def test_a_row_larger_than_a_request_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_REQUEST_BYTES", 100)
    service = Service()
    with pytest.raises(RowRefused, match="row_too_large"):
        await make(service.append).store({"id": "a" * 100})
    assert service.appends == []


async def test_a_failed_append_fails_its_rows_and_is_logged_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stored = make(failing)
    outcomes = await asyncio.gather(
        *(stored.store({"id": "secret"}) for _ in range(3)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [AppendFailed] * 3
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "severity": "ERROR",
        "message": "rows were not stored",
        "table": "t",
        "reason": "UNAVAILABLE",
        "rows": 3,
    }


async def test_a_full_queue_refuses_rows() -> None:
    stored = make(Service().append, max_waiting=1)
    outcomes = await asyncio.gather(
        *(stored.store({"id": "a"}) for _ in range(2)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), QueueFull]
