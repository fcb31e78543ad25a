import asyncio
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest

from functions.google.grpc_channel import open_channel
from functions.load.append import IDLE_SECONDS, LOOK_SECONDS, TableAppender
from functions.load.connection import AppendFailed, RowsRefused
from functions.load.fit import Fit
from functions.load.protobuf import RowEncoder

ENCODER = RowEncoder([{"name": "id", "type": "STRING", "mode": "REQUIRED"}])
TABLE = "projects/p/datasets/d/tables/t"
SHORT = 0.1
"""A deadline, in seconds, that must pass in a test."""

MakeAppender = Callable[..., TableAppender]


def rows(*names: str) -> list[bytes]:
    return [ENCODER.encode({"id": name}) for name in names]


@pytest.fixture
async def make_appender(write_stub: Any) -> AsyncIterator[MakeAppender]:
    made: list[TableAppender] = []

    def make(fit: Fit | None = None, **options: Any) -> TableAppender:
        opened = partial(open_channel, write_stub.endpoint)
        made.append(TableAppender(opened, TABLE, fit or Fit(ENCODER), **{"deadline": 5} | options))
        return made[-1]

    yield make
    for appender in made:
        await appender.close()


@pytest.fixture
def appender(make_appender: MakeAppender) -> TableAppender:
    return make_appender()


def stored(write_stub: Any) -> list[str]:
    return [row["id"] for row in write_stub.stored]


async def test_rows_are_stored(write_stub: Any, appender: TableAppender) -> None:
    assert await appender.append(rows("a", "b")) == {}
    assert stored(write_stub) == ["a", "b"]
    assert set(write_stub.tables) == {f"{TABLE}/streams/_default"}


async def test_many_appends_share_one_connection(write_stub: Any, appender: TableAppender) -> None:
    names = [str(number) for number in range(50)]
    await asyncio.gather(*(appender.append(rows(name)) for name in names))
    assert stored(write_stub) == names
    assert write_stub.connections == 1


async def test_answers_belong_to_their_appends(write_stub: Any, appender: TableAppender) -> None:
    write_stub.refuse = lambda row: row["id"].startswith("bad")
    outcomes = await asyncio.gather(
        appender.append(rows("a")), appender.append(rows("b", "bad")), appender.append(rows("c"))
    )
    assert list(outcomes) == [{}, {1: 1}, {}]
    assert stored(write_stub) == ["a", "c"]


@pytest.mark.parametrize("step", ["cut", "end"])
async def test_a_cut_connection_is_replaced_within_the_append(
    write_stub: Any, appender: TableAppender, step: str
) -> None:
    write_stub.script.extend(["ok", step])
    await appender.append(rows("a"))
    await appender.append(rows("b"))
    assert stored(write_stub) == ["a", "b"]
    assert write_stub.connections == 2


async def test_all_that_a_cut_connection_carried_is_sent_again(
    write_stub: Any, appender: TableAppender
) -> None:
    write_stub.script.append("cut")
    await asyncio.gather(*(appender.append(rows(name)) for name in "abcd"))
    assert sorted(stored(write_stub)) == ["a", "b", "c", "d"]
    assert write_stub.connections == 2


async def test_a_lost_answer_may_store_twice(write_stub: Any, appender: TableAppender) -> None:
    write_stub.script.append("cut_after_storing")
    await appender.append(rows("a"))
    assert stored(write_stub) == ["a", "a"]


async def test_a_second_cut_fails_the_append(write_stub: Any, appender: TableAppender) -> None:
    write_stub.script.extend(["cut", "cut"])
    with pytest.raises(AppendFailed, match="UNAVAILABLE"):
        await appender.append(rows("a"))
    await appender.append(rows("b"))
    assert stored(write_stub) == ["b"]


async def test_no_answer_by_the_deadline_fails_all_that_waits_and_reconnects(
    write_stub: Any, make_appender: MakeAppender
) -> None:
    appender = make_appender(deadline=SHORT)
    write_stub.script.append("silent")
    outcomes = await asyncio.gather(
        *(appender.append(rows(name)) for name in "ab"), return_exceptions=True
    )
    assert [getattr(outcome, "reason", outcome) for outcome in outcomes] == ["deadline"] * 2
    await appender.append(rows("c"))
    assert stored(write_stub) == ["c"]
    assert write_stub.connections == 2


async def test_rows_that_are_sent_again_are_renewed(
    write_stub: Any, make_appender: MakeAppender
) -> None:
    appender = make_appender(renew=lambda row: ENCODER.override(row, {"id": "again"}))
    write_stub.script.append("cut_after_storing")
    await appender.append(rows("a"))
    assert stored(write_stub) == ["a", "again"]


async def test_bad_rows_that_are_not_named_are_another_failure_than_a_schema(
    write_stub: Any, appender: TableAppender
) -> None:
    write_stub.names_bad_rows = False
    write_stub.refuse = lambda row: row["id"] == "bad"
    with pytest.raises(RowsRefused, match="INVALID_ARGUMENT"):
        await appender.append(rows("a", "bad"))
    assert stored(write_stub) == []


@pytest.mark.parametrize("step", ["error", "extra_fields"])
async def test_a_column_that_is_not_known_yet_fails_the_append_only(
    write_stub: Any, appender: TableAppender, step: str
) -> None:
    write_stub.script.append(step)
    with pytest.raises(AppendFailed, match="schema_mismatch") as failure:
        await appender.append(rows("a"))
    assert not isinstance(failure.value, RowsRefused)
    await appender.append(rows("b"))
    assert write_stub.connections == 1


WIDE = RowEncoder(
    [
        {"name": "id", "type": "STRING", "mode": "REQUIRED"},
        {"name": "flags", "type": "STRING", "mode": "REPEATED"},
        {"name": "extra", "type": "JSON"},
        {"name": "one", "type": "RECORD", "fields": [{"name": "old", "type": "STRING"}]},
        {"name": "new", "type": "STRING"},
        {"name": "newer", "type": "STRING"},
    ]
)
OLD = ["id", "flags", "extra", "one", "one.old"]
ALL = [*OLD, "new", "newer"]


@pytest.fixture
def upgraded(write_stub: Any, make_appender: MakeAppender) -> TableAppender:
    """An appender whose code knows two columns that the table does not have."""
    write_stub.lacking, write_stub.shown = {"new", "newer"}, OLD
    return make_appender(Fit(WIDE))


def wide(name: str, **columns: object) -> bytes:
    return WIDE.encode({"id": name, **columns})


@pytest.mark.parametrize(
    ("names_columns", "shown"), [(True, OLD), (True, ALL), (True, None), (False, OLD)]
)
@pytest.mark.parametrize("ends_call", [True, False])
async def test_a_table_that_lacks_columns_is_appended_to(
    write_stub: Any, upgraded: TableAppender, *, names_columns: bool, shown: Any, ends_call: bool
) -> None:
    # Each source is enough: the error's text, which BigQuery may change, or the columns of the
    # stream, which may already have a column that appends do not accept yet.
    write_stub.names_columns, write_stub.shown = names_columns, shown
    write_stub.ends_call = ends_call
    assert await upgraded.append([wide("a"), wide("b", new="x", newer="y")]) == {}
    assert await upgraded.append([wide("c", new="z")]) == {}
    first, second, third = write_stub.stored
    assert first == {"id": "a"}
    assert json.loads(second["extra"]) == {"_columns": {"new": "x", "newer": "y"}}
    assert second["flags"] == ["no_column:new", "no_column:newer"]
    assert json.loads(third["extra"]) == {"_columns": {"new": "z"}}
    assert write_stub.connections == (2 if ends_call else 1)
    assert write_stub.schema_requests == 1


@pytest.mark.parametrize("shown", [ALL, None])
async def test_if_the_missing_column_is_unknown_the_append_fails_and_may_be_repeated(
    write_stub: Any, upgraded: TableAppender, shown: Any
) -> None:
    write_stub.names_columns, write_stub.shown = False, shown
    for _ in range(3):
        with pytest.raises(AppendFailed, match="schema_mismatch"):
            await upgraded.append([wide("a", new="x")])
    assert write_stub.stored == []
    assert write_stub.schema_requests == 1  # not one request for each append that fails


async def test_concurrent_appends_find_out_once(write_stub: Any, upgraded: TableAppender) -> None:
    await asyncio.gather(*(upgraded.append([wide(name, new=name)]) for name in "abcdefgh"))
    assert sorted(stored(write_stub)) == list("abcdefgh")
    assert write_stub.schema_requests == 1


async def test_a_column_that_came_is_used_when_the_service_says_so(
    write_stub: Any, upgraded: TableAppender
) -> None:
    await upgraded.append([wide("a", new="x")])
    write_stub.lacking, write_stub.tells = {"newer"}, [*OLD, "new"]
    await upgraded.append([wide("b", new="x")])
    await upgraded.append([wide("c", new="x", newer="y")])
    assert "new" not in write_stub.stored[1]
    assert write_stub.stored[2]["new"] == "x"
    assert json.loads(write_stub.stored[2]["extra"]) == {"_columns": {"newer": "y"}}
    assert write_stub.schema_requests == 1


async def test_a_column_that_came_is_found_by_asking_now_and_then(
    write_stub: Any, make_appender: MakeAppender
) -> None:
    now = 0.0
    appender = make_appender(Fit(WIDE), clock=lambda: now)
    write_stub.lacking, write_stub.shown = {"new", "newer"}, OLD
    await appender.append([wide("a", new="x")])
    write_stub.lacking, write_stub.shown = set(), ALL
    now = LOOK_SECONDS - 1
    await appender.append([wide("b", new="x")])
    now = LOOK_SECONDS
    await appender.append([wide("c", new="x")])
    assert ["new" in row for row in write_stub.stored] == [False, False, True]
    now = 10 * LOOK_SECONDS
    await appender.append([wide("d", new="x")])
    assert write_stub.schema_requests == 2  # once the table has all columns, no more requests


async def test_a_column_that_is_shown_too_early_is_left_out_again(
    write_stub: Any, make_appender: MakeAppender
) -> None:
    now = 0.0
    appender = make_appender(Fit(WIDE), clock=lambda: now)
    write_stub.lacking, write_stub.shown, write_stub.names_columns = {"new", "newer"}, OLD, False
    await appender.append([wide("a", new="x")])
    write_stub.shown = ALL
    now = LOOK_SECONDS
    await appender.append([wide("b", new="x")])
    assert ["new" in row for row in write_stub.stored] == [False, False]
    assert json.loads(write_stub.stored[1]["extra"]) == {"_columns": {"new": "x"}}


async def test_a_table_without_a_place_for_a_value_waits_for_its_column(
    write_stub: Any, make_appender: MakeAppender
) -> None:
    encoder = RowEncoder([{"name": "id", "type": "STRING"}, {"name": "new", "type": "STRING"}])
    appender = make_appender(Fit(encoder))
    write_stub.lacking, write_stub.shown = {"new"}, ["id"]
    await appender.append([encoder.encode({"id": "a"})])
    with pytest.raises(AppendFailed, match="schema_mismatch"):
        await appender.append([encoder.encode({"id": "b", "new": "x"})])
    assert stored(write_stub) == ["a"]


async def test_a_table_with_more_columns_than_the_code_is_appended_to(
    write_stub: Any, make_appender: MakeAppender
) -> None:
    # As after a rollback of the code. BigQuery needs a value only for required columns.
    write_stub.shown = ALL
    await make_appender().append(rows("a"))
    assert (stored(write_stub), write_stub.schema_requests) == (["a"], 0)


async def test_missing_columns_are_logged_without_values(
    upgraded: TableAppender, capsys: pytest.CaptureFixture[str]
) -> None:
    await upgraded.append([wide("a", new="secret")])
    logged = capsys.readouterr().out
    assert json.loads(logged)["columns"] == ["new", "newer"]
    assert "secret" not in logged


async def test_a_quiet_connection_is_replaced_before_it_is_used(
    write_stub: Any, make_appender: MakeAppender
) -> None:
    now = 0.0
    appender = make_appender(clock=lambda: now)
    for now in (0.0, IDLE_SECONDS, 2 * IDLE_SECONDS, 3 * IDLE_SECONDS + 1):  # noqa: B007 - the clock reads it
        await appender.append(rows("a"))
    assert write_stub.connections == 2
    assert len(write_stub.stored) == 4


async def test_without_a_server_the_append_fails_at_once() -> None:
    opened = partial(open_channel, "http://127.0.0.1:1")
    appender = TableAppender(opened, TABLE, Fit(ENCODER), deadline=5)
    with pytest.raises(AppendFailed, match="UNAVAILABLE"):
        await appender.append(rows("a"))
    await appender.close()


async def test_without_its_routing_header_a_call_is_refused(
    write_stub: Any, appender: TableAppender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.load.connection.routing_header", lambda *_: ())
    with pytest.raises(AppendFailed, match="INVALID_ARGUMENT"):
        await appender.append(rows("a"))
    assert write_stub.connections == 1  # no second attempt


async def test_a_caller_that_gives_up_does_not_affect_others(
    write_stub: Any, appender: TableAppender
) -> None:
    await appender.append(rows("a"))
    given_up = asyncio.create_task(appender.append(rows("b")))
    waiting = asyncio.create_task(appender.append(rows("c")))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await waiting == {}
    assert stored(write_stub) == ["a", "b", "c"]
