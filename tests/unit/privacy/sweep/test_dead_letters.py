"""A dead letter is replaced before it is acknowledged, and letters of others are given back."""

from collections import Counter
from functools import partial

import pytest

from functions.google.storage import BucketUnavailable
from functions.google.subscription import SubscriptionUnavailable
from functions.google.topic import Publisher, PublishFailed
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.execution import Counts
from functions.privacy.erasures.redaction import NOBODY
from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.sweep.dead_letters import DeadLetterRewriter
from functions.retained import quarantine
from tests.fakes.bucket import Bucket
from tests.fakes.letters import Letters
from tests.fakes.topic import Topic
from tests.unit.privacy.stand_ins import NOW, attributes, body, redaction, scope

ANN, GONE = scope("ann"), scope("bob", treatment="delete")


class Queue:
    """The dead-letter topic, its subscription, and a bucket."""

    def __init__(self) -> None:
        self.letters = Letters()
        self.bucket = Bucket()
        self.topic = Topic(feeds=self.letters)
        added = {"CloudPubSubDeadLetterSourceDeliveryCount": "100"}
        for number, user in enumerate(["ann", "bob", "cat", "ann", "dan"]):
            self.letters.put_raw(body(user), attributes(number) | added)
        self.letters.batch = 2

    async def rewrite(self, *scopes: Scope, seconds: int = 100) -> Counts:
        counts: Counts = Counter()
        letters = DeadLetterRewriter(
            self.letters,
            Publisher(self.topic, deadline=20).publish,
            partial(self.bucket.write, content_type="application/x-ndjson", over=0),
            lambda scopes: redaction(*scopes),
            lambda: NOW,
        )
        left = iter(range(seconds))
        await letters.rewrite(Scopes(scopes), counts, lambda: next(left, None) is None)
        return counts

    def waiting(self) -> list[str]:
        assert not self.letters.leased
        return sorted(letter.attributes.get("ingest_id", "") for letter in self.letters.waiting)


async def test_letters_are_replaced_or_go_and_those_of_others_stay() -> None:
    queue = Queue()
    assert await queue.rewrite(ANN, GONE) == {
        ("erasure of ann", "dead_letters_anonymised"): 2,
        ("erasure of bob", "dead_letters_deleted"): 1,
    }
    new = [ANN.ingest_id(f"i{number}") for number in (0, 3)]
    assert set(queue.waiting()) == {*new, "i2", "i4"}
    assert not any(b"ann" in letter.data for letter in queue.letters.waiting)
    assert await queue.rewrite(ANN, GONE) == {}


async def test_a_letter_stays_where_its_replacement_is_not_taken() -> None:
    queue = Queue()
    queue.topic.failure = "UNAVAILABLE"
    with pytest.raises(PublishFailed):
        await queue.rewrite(ANN, GONE)
    assert queue.waiting() == ["i0", "i1", "i2", "i3", "i4"]
    queue.topic.failure = ""
    queue.topic.refused = {ANN.ingest_id("i0")}
    with pytest.raises(PublishFailed):
        await queue.rewrite(ANN)
    assert "i0" in queue.waiting()


@pytest.mark.parametrize("action", ["pull", "acknowledge"])
async def test_an_interrupted_rewriting_is_continued(action: str) -> None:
    queue = Queue()
    queue.letters.failing = {action}
    with pytest.raises(SubscriptionUnavailable):
        await queue.rewrite(ANN, GONE)
    queue.letters.failing = set()
    await queue.rewrite(ANN, GONE)
    assert not any(
        b"ann" in letter.data or b"bob" in letter.data for letter in queue.letters.waiting
    )
    assert {"i2", "i4"} <= set(queue.waiting())


async def test_the_rewriting_stops_in_time_and_leaves_no_letter_leased() -> None:
    queue = Queue()
    with pytest.raises(OutOfTime):
        await queue.rewrite(GONE, seconds=2)
    assert queue.waiting() == ["i0", "i2", "i3", "i4"]


async def test_a_letter_that_could_never_be_stored_goes_with_its_person() -> None:
    queue = Queue()
    queue.letters.waiting.clear()
    broken = attributes(1)
    del broken["received_at"]
    queue.letters.put_raw(body("ann"), broken)
    assert sum((await queue.rewrite(ANN)).values()) == 1
    assert queue.waiting() == []


def unreadable(queue: Queue) -> None:
    """Add two equal letters without attributes, and one of a partner, that cannot be parsed."""
    queue.letters.put_raw(b"no JSON", {})
    queue.letters.put_raw(b"no JSON", {})
    queue.letters.put_raw(b"[" * 501 + b"]" * 501, attributes(9))


async def test_unreadable_letters_are_quarantined_although_nothing_is_in_scope() -> None:
    queue = Queue()
    unreadable(queue)
    assert await queue.rewrite() == {(NOBODY, "dead_letters_unreadable"): 3}
    assert queue.waiting() == ["i0", "i1", "i2", "i3", "i4"]

    kept = [quarantine.decode(content) for content, *_ in queue.bucket.contents.values()]
    assert sorted((record.reason, record.partner, data) for record, data in kept) == [
        ("malformed", "unknown", b"no JSON"),
        ("malformed", "unknown", b"no JSON"),
        ("too_deep", "acme", b"[" * 501 + b"]" * 501),
    ]
    assert attributes(9) in [record.attributes for record, _ in kept], "a replay needs them"
    assert await queue.rewrite() == {}


@pytest.mark.parametrize("failing", ["bucket", "acknowledge"])
async def test_an_unreadable_letter_is_acknowledged_only_after_it_is_quarantined(
    failing: str,
) -> None:
    queue = Queue()
    unreadable(queue)
    if failing == "bucket":
        queue.bucket.failing = {"write"}
    else:
        queue.letters.failing = {"acknowledge"}
    with pytest.raises((BucketUnavailable, SubscriptionUnavailable)):
        await queue.rewrite()
    assert len(queue.waiting()) == 8
    queue.bucket.failing = queue.letters.failing = set()
    await queue.rewrite()
    assert len(queue.waiting()) == 5
    assert len(queue.bucket.contents) == 3


async def test_a_letter_that_cannot_be_replaced_does_not_block_the_others() -> None:
    queue = Queue()
    unreadable(queue)
    queue.letters.batch = 100
    queue.topic.failure = "UNAVAILABLE"
    with pytest.raises(PublishFailed):
        await queue.rewrite(ANN)
    assert len(queue.waiting()) == 8, "all letters are given back"
