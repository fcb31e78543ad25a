"""Objects are replaced as a whole, and no failure loses events of others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from functions.google.storage import BucketUnavailable
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.execution import Counts
from functions.privacy.erasures.redaction import NOBODY
from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.sweep.storage import ObjectRewriter, UnreadableObjects
from functions.retained import quarantine
from tests.fakes.bucket import Bucket
from tests.fakes.hook import ignore
from tests.unit.privacy.stand_ins import (
    HOUR,
    NOW,
    attributes,
    body,
    quarantined,
    redaction,
    scope,
    spilled,
)

ANN, GONE = scope("ann"), scope("bob", treatment="delete")


async def rewrite(
    bucket: Bucket, *scopes: Scope, seconds: int = 1_000, now: datetime = NOW
) -> Counts:
    counts: Counts = Counter()
    left = iter(range(seconds))
    objects = ObjectRewriter(bucket, lambda scopes: redaction(*scopes))
    for place in (objects, UnreadableObjects(bucket, objects, lambda: now)):
        await place.rewrite(Scopes(scopes), counts, lambda: next(left, None) is None)
    return counts


def filled() -> Bucket:
    bucket = Bucket()
    for number in range(20):
        events = [(body(user), attributes(number)) for user in ("ann", "bob", "cat")]
        bucket.put(f"spill/{number}", spilled(*events))
        bucket.put(*quarantined(body("ann"), attributes=attributes(number)))
        bucket.put(*quarantined(body("cat"), attributes=attributes(number)))
    bucket.put("spill/gone", spilled((body("bob"), attributes(1))))
    bucket.put("exports/x", b"of somebody")
    return bucket


def check(bucket: Bucket) -> None:
    contents = [content for content, _, _ in bucket.contents.values()]
    assert len(contents) == 61
    assert sum(len(content.splitlines()) for content in contents) == 81
    assert len({(name, content) for name, (content, *_) in bucket.contents.items()}) == 61


async def test_all_objects_are_rewritten_and_a_repetition_finds_nothing() -> None:
    bucket = filled()
    assert await rewrite(bucket, ANN, GONE) == {
        ("erasure of ann", "spill_anonymised"): 20,
        ("erasure of ann", "quarantine_anonymised"): 20,
        ("erasure of bob", "spill_deleted"): 21,
    }
    check(bucket)
    writes = bucket.writes
    assert await rewrite(bucket, ANN, GONE) == {}
    assert bucket.writes == writes


async def test_an_event_under_a_hold_stays_and_other_people_are_removed_from_it() -> None:
    bucket = Bucket()
    room = body("x", "room_updated", speakers=["held", "ann"])
    of = attributes(1, kind="room", event="room_updated")
    bucket.put(*quarantined(room, reason="legal_hold", kind="room", attributes=of))
    assert await rewrite(bucket, ANN) == {("erasure of ann", "on_hold_speakers_removed"): 1}
    [(name, (content, *_))] = bucket.contents.items()
    _, left = quarantine.decode(content)
    assert name.startswith("on_hold/acme/room/")
    assert (b'"held"' in left, b'"ann"' in left) == (True, False)


@pytest.mark.parametrize("action", ["read", "write", "delete"])
async def test_an_interrupted_rewriting_is_continued(action: str) -> None:
    bucket = filled()
    counts = 0

    def act(acted: str) -> None:
        nonlocal counts
        counts += acted == action
        if counts == 7:
            raise BucketUnavailable(action)

    bucket.before = act
    with pytest.raises(BucketUnavailable):
        await rewrite(bucket, ANN, GONE)
    bucket.before = ignore
    await rewrite(bucket, ANN, GONE)
    check(bucket)


async def test_the_rewriting_stops_in_time() -> None:
    bucket = filled()
    with pytest.raises(OutOfTime):
        await rewrite(bucket, ANN, GONE, seconds=5)
    await rewrite(bucket, ANN, GONE)
    check(bucket)


async def test_an_object_that_was_replaced_meanwhile_is_read_again() -> None:
    bucket = Bucket()
    bucket.put("spill/a", spilled((body("bob"), attributes(1)), (body("cat"), attributes(2))))
    fresh = spilled((body("bob"), attributes(3)), (body("dan"), attributes(4)))

    def act(action: str) -> None:
        if action == "write" and bucket.writes == 1:
            bucket.put("spill/a", fresh)

    bucket.before = act
    assert await rewrite(bucket, GONE) == {("erasure of bob", "spill_deleted"): 1}
    assert bucket.contents["spill/a"][0] == spilled((body("dan"), attributes(4)))


async def test_an_object_that_was_replayed_meanwhile_does_not_come_back() -> None:
    bucket = Bucket()
    bucket.put("spill/a", spilled((body("bob"), attributes(1)), (body("cat"), attributes(2))))
    bucket.before = lambda action: bucket.contents.clear() if action == "write" else None
    assert await rewrite(bucket, GONE) == {}
    assert not bucket.contents


async def test_objects_read_during_an_execution_are_not_read_again() -> None:
    bucket = Bucket()
    for number in range(4):
        _, content = quarantined(body("ann"), attributes=attributes(1))
        bucket.put(f"quarantine/bad_row/{number}", content, NOW + number * HOUR)
    tombstone = ANN._replace(status="executed", executed_at=NOW + timedelta(hours=2, minutes=30))
    later = NOW + timedelta(days=8)
    assert await rewrite(bucket, tombstone, now=later) == {
        ("erasure of ann", "quarantine_anonymised"): 2
    }
    assert bucket.reads == 2


async def test_a_cut_off_that_moved_after_the_execution_reaches_older_objects() -> None:
    """The person asked again, and the tables had no event since: the one erasure reaches further.

    In quarantine was an event that came after the first cut-off and before the execution.
    """
    bucket = Bucket()
    received_at = (NOW + HOUR).isoformat()
    _, content = quarantined(body("ann"), attributes=attributes(1, received_at=received_at))
    bucket.put("quarantine/bad_row/1", content, NOW + HOUR)
    executed = ANN._replace(status="executed", executed_at=NOW + 3 * HOUR)
    later = NOW + timedelta(days=8)
    assert await rewrite(bucket, executed, now=later) == {}
    moved = executed._replace(cut_off=NOW + 4 * HOUR)
    assert await rewrite(bucket, moved, now=later) == {
        ("erasure of ann", "quarantine_anonymised"): 1
    }


async def test_unreadable_objects_are_quarantined_although_nothing_is_in_scope() -> None:
    bucket = Bucket()
    good = spilled((body("ann"), attributes(1)))
    bucket.put("spill/old", b"damaged\n" + good, NOW - timedelta(days=20))
    bucket.put("spill/lost", b"\x00")
    bucket.put(*quarantined(b"no JSON"))
    bucket.put(*quarantined(b"no JSON at all", reason="not_json"))
    assert await rewrite(bucket) == {
        (NOBODY, "spill_unreadable"): 2,
        (NOBODY, "quarantine_unreadable"): 1,
    }
    assert bucket.contents["spill/old"][0] == good
    assert sorted(name.split("/")[1] for name in bucket.contents) == [
        "malformed",
        "malformed",
        "not_json",
        "not_json",
        "old",
    ]
    before = dict(bucket.contents)
    assert await rewrite(bucket) == {}
    assert bucket.contents == before, "a second look must not prolong the life of an object"


@pytest.mark.parametrize("action", ["write", "delete"])
@pytest.mark.parametrize("content", [b"damaged", b"damaged\n" + spilled((body("ann"), {}))])
async def test_a_crash_loses_no_unreadable_object(action: str, content: bytes) -> None:
    bucket = Bucket()
    bucket.put("spill/a", content)
    whole = await _moved(bucket)
    for fails in range(3):
        bucket = Bucket()
        bucket.put("spill/a", content)
        left = iter([None] * fails)

        def act(acted: str, left: Iterator[None] = left) -> None:
            if acted == action and next(left, action):
                raise BucketUnavailable(action)

        bucket.before = act
        with suppress(BucketUnavailable):
            await rewrite(bucket)
        bucket.before = ignore
        assert await _moved(bucket) == whole


async def _moved(bucket: Bucket) -> dict[str, bytes]:
    """Rewrite the objects without a failure; return the contents of the bucket."""
    await rewrite(bucket)
    return {name: content for name, (content, *_) in bucket.contents.items()}
