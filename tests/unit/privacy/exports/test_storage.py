"""The objects of exports: the index with the person is written first; an erasure deletes all."""

import contextlib
from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from functions.google.storage import BucketUnavailable
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.exports.messages import Owner
from functions.privacy.exports.storage import ErasedMeanwhile, ExportedCopies, Index, Writing
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.hook import ignore
from tests.unit.privacy.stand_ins import KEYS, NOW, scope

OWNER = Owner("acme", "dev")

HOUR = timedelta(hours=1)


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


async def export(bucket: Bucket, number: int, *users: str, **other: Any) -> None:
    keys = tuple(key for user in users for key in KEYS.all_user_keys("dev", user))
    given: dict[str, Any] = {"project": "dev", "user_keys": keys, "made_at": NOW}
    writing = Writing(Writer(bucket), bucket, OWNER, f"e{number}")
    await writing.begin(Index(**given | other))
    await writing.add("events-0001", [{"a": 1}, {"b": "é\n"}])
    await writing.add("holds", [])
    await writing.finish("<html>")


async def erase(bucket: Bucket, *scopes: Scope) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    await ExportedCopies(bucket).rewrite(Scopes(scopes), counts, lambda: False)
    return counts


async def test_objects_are_named_counted_and_of_their_kind(bucket: Bucket) -> None:
    writing = Writing(Writer(bucket), bucket, OWNER, "e1")
    await writing.begin(Index("dev", ("k",), NOW))
    await writing.add("events-0001", [{"a": 1}, {"b": "é\n"}])
    await writing.add("holds", [])
    await writing.finish("<html>é")

    assert [tuple(file) for file in writing.files] == [
        ("exports/acme/dev/e1/cover-sheet.html", None, 8),
        ("exports/acme/dev/e1/events-0001.jsonl", 2, 21),
    ]
    content = bucket.contents["exports/acme/dev/e1/events-0001.jsonl"][0]
    assert [msgspec.json.decode(line) for line in content.splitlines()] == [{"a": 1}, {"b": "é\n"}]
    assert bucket.types == {
        "exports/acme/dev/e1/index.json": "application/json",
        "exports/acme/dev/e1/events-0001.jsonl": "application/x-ndjson",
        "exports/acme/dev/e1/cover-sheet.html": "text/html; charset=utf-8",
    }


async def test_the_index_is_written_before_all_other_objects(bucket: Bucket) -> None:
    names: list[str] = []
    bucket.before = lambda action: names.extend(bucket.contents)
    await export(bucket, 1, "ann")

    assert names[0] == "exports/acme/dev/e1/index.json"


async def test_an_erasure_takes_the_persons_exports_and_no_others(bucket: Bucket) -> None:
    await export(bucket, 1, "ann")
    await export(bucket, 2, "bob")
    await export(bucket, 3, "eve", "ann")
    await export(bucket, 4, "ann", project="shop")
    counts = await erase(bucket, scope("ann"))

    assert {name.split("/")[3] for name in bucket.contents} == {"e2", "e4"}
    assert counts == {("erasure of ann", "exports_deleted"): 2}


@pytest.mark.parametrize(
    ("made_at", "executed_at", "cut_off", "stays"),
    [
        (NOW + HOUR, None, NOW, False),
        (NOW + HOUR, NOW + HOUR, NOW, False),
        (NOW + 2 * HOUR, NOW + HOUR, NOW, True),
        (NOW + 2 * HOUR, NOW + HOUR, NOW + 2 * HOUR, False),  # the cut-off moved later
        (NOW + 3 * HOUR, NOW + HOUR, NOW + 2 * HOUR, True),
    ],
)
async def test_exports_from_before_the_execution_are_deleted(
    bucket: Bucket, made_at: Any, executed_at: Any, cut_off: Any, *, stays: bool
) -> None:
    await export(bucket, 1, "ann", made_at=made_at)
    await erase(bucket, scope("ann", executed_at=executed_at, cut_off=cut_off))

    assert bool(bucket.contents) is stays


async def test_the_index_is_deleted_last_so_that_an_interrupted_deletion_is_continued(
    bucket: Bucket,
) -> None:
    await export(bucket, 1, "ann")
    deletions: list[str] = []

    def fail_at_the_second(action: str) -> None:
        if action == "delete":
            deletions.append(action)
            if len(deletions) == 2:
                raise BucketUnavailable(action)

    bucket.before = fail_at_the_second
    with pytest.raises(BucketUnavailable):
        await erase(bucket, scope("ann"))
    assert "exports/acme/dev/e1/index.json" in bucket.contents
    bucket.before = ignore
    await erase(bucket, scope("ann"))
    assert bucket.contents == {}


@pytest.mark.parametrize("at", range(12))
async def test_an_export_that_is_written_during_the_erasure_is_deleted(
    bucket: Bucket, at: int
) -> None:
    """The export writes its parts and ends during the erasure, at any step of it."""
    writing = Writing(Writer(bucket), bucket, OWNER, "e1")
    await writing.begin(Index("dev", tuple(KEYS.all_user_keys("dev", "ann")), NOW))
    await writing.add("identities", [{"a": 1}])
    steps = 0

    async def make() -> None:
        await writing.add("events-0001", [{"a": 1}])
        with contextlib.suppress(ErasedMeanwhile):
            await writing.finish("<html>")

    class Steps:
        def __getattr__(self, name: str) -> Any:
            async def step(*arguments: Any) -> Any:
                nonlocal steps
                steps += 1
                if steps == at:
                    await make()
                return await getattr(bucket, name)(*arguments)

            return step

    stepping: Any = Steps()
    await ExportedCopies(stepping).rewrite(Scopes([scope("ann")]), Counter(), lambda: False)
    if steps < at:
        await make()
    assert bucket.contents == {}


async def test_out_of_time_is_said(bucket: Bucket) -> None:
    await export(bucket, 1, "ann")
    with pytest.raises(OutOfTime):
        await ExportedCopies(bucket).rewrite(Scopes([scope("ann")]), Counter(), lambda: True)


async def test_an_unreadable_index_stays_until_it_is_too_old(bucket: Bucket) -> None:
    bucket.put("exports/acme/dev/e1/index.json", b"{")
    assert await erase(bucket, scope("ann")) == {}
    assert list(bucket.contents) == ["exports/acme/dev/e1/index.json"]
