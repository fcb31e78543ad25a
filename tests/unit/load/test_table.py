import asyncio
import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions import __version__
from functions.load.connection import AppendFailed, RowsRefused
from functions.load.protobuf import RowEncoder
from functions.load.table import MAX_SUSPECTS, Append, RowRefused, TableWriter, store_all_good
from functions.web.batching import QueueFull

ENCODER = RowEncoder([{"name": "id", "type": "STRING", "mode": "REQUIRED"}])


class Service:
    """Refuses appends with rows that contain ``bad``, and names at most `names` of these rows."""

    def __init__(self, names: int = 10) -> None:
        self.names = names
        self.appends: list[int] = []
        self.stored: list[bytes] = []

    async def append(self, rows: Sequence[bytes]) -> Mapping[int, int]:
        self.appends.append(len(rows))
        bad = [index for index, row in enumerate(rows) if b"bad" in row]
        if not bad:
            self.stored += rows
        elif not self.names:
            raise RowsRefused("INVALID_ARGUMENT")
        return dict.fromkeys(bad[: self.names], 1)


def make(append: Append, **limits: int) -> TableWriter:
    return TableWriter(
        "t", ENCODER, append, **{"max_rows": 100, "max_in_flight": 1, "max_waiting": 100} | limits
    )


async def failing(rows: Sequence[bytes]) -> Mapping[int, int]:
    raise AppendFailed("UNAVAILABLE")


@pytest.mark.parametrize("names", [0, 1, 10])
async def test_bad_rows_are_taken_out(names: int) -> None:
    service = Service(names)
    rows = [b"a", b"bad", b"b", b"bad", b"c"]
    assert await store_all_good(service.append, rows) == [True, False, True, False, True]
    assert service.stored == [b"a", b"b", b"c"]


@given(st.lists(st.sampled_from([b"good", b"bad"]), min_size=1), st.integers(0, 3))
async def test_each_good_row_is_stored_once_and_no_bad_one(rows: list[bytes], names: int) -> None:
    service = Service(names)
    try:
        stored = await store_all_good(service.append, rows)
    except RowsRefused:
        # Without names and without a stored row, the fault may be the table's and not the rows'.
        assert not names
        assert service.stored == []
    else:
        assert stored == [row == b"good" for row in rows]
        assert service.stored == [row for row in rows if row == b"good"]


async def test_a_bad_row_among_many_is_found_in_few_appends() -> None:
    service = Service(names=0)
    rows = [b"good"] * 300 + [b"bad"] + [b"good"] * 199
    assert (await store_all_good(service.append, rows)).count(False) == 1
    assert len(service.appends) <= 19


@pytest.mark.parametrize("rows", [1, 2, 500])
async def test_if_all_rows_are_refused_and_none_is_named_the_fault_may_be_the_tables(
    rows: int,
) -> None:
    service = Service(names=0)
    with pytest.raises(RowsRefused):
        await store_all_good(service.append, [b"bad"] * rows)
    assert len(service.appends) < 4 * MAX_SUSPECTS


async def test_a_table_that_took_rows_before_is_believed() -> None:
    service = Service(names=0)
    stored = make(service.append)
    with pytest.raises(RowsRefused):
        await stored.store({"id": "bad"})
    await stored.store({"id": "a"})
    with pytest.raises(RowRefused, match="row_refused"):
        await stored.store({"id": "bad"})


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


async def test_a_row_that_does_not_fit_the_schema_does_not_affect_others() -> None:
    service = Service()
    stored = make(service.append)
    outcomes = await asyncio.gather(
        stored.store({"id": "a"}), stored.store({"id": 1}), return_exceptions=True
    )
    assert [getattr(outcome, "reason", None) for outcome in outcomes] == [None, "not_encodable"]
    assert service.appends == [1]


async def test_a_row_larger_than_rows_may_be_is_refused() -> None:
    service = Service()
    with pytest.raises(RowRefused, match="row_too_large"):
        await make(service.append, max_row_bytes=100).store({"id": "a" * 100})
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
        "message": "rows not stored",
        "table": "t",
        "reason": "UNAVAILABLE",
        "rows": 3,
        "version": __version__,
    }


async def test_a_full_queue_refuses_rows() -> None:
    stored = make(Service().append, max_waiting=1)
    outcomes = await asyncio.gather(
        *(stored.store({"id": "a"}) for _ in range(2)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), QueueFull]
