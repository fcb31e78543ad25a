"""A sweep looks for unreadable objects, the newest first, only while it has time."""

import json
from collections import Counter

import pytest

from functions.privacy.erasures.execution import Counts
from functions.privacy.erasures.redaction import NOBODY
from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.sweep.storage import SECONDS, ObjectRewriter, UnreadableObjects
from tests.fakes.bucket import Bucket
from tests.unit.privacy.stand_ins import HOUR, NOW, body, quarantined, redaction, scope


async def look(bucket: Bucket, *scopes: Scope, seconds_each: float = 0.0) -> Counts:
    """Look through a bucket; to read an object takes `seconds_each`."""
    counts: Counts = Counter()
    reads = 0

    def act(action: str) -> None:
        nonlocal reads
        reads += action == "read"

    bucket.before = act
    objects = ObjectRewriter(bucket, lambda scopes: redaction(*scopes))
    unreadable = UnreadableObjects(bucket, objects, lambda: NOW, lambda: reads * seconds_each)
    await unreadable.rewrite(Scopes(scopes), counts, lambda: False)
    return counts


def fill(bucket: Bucket, count: int) -> None:
    for hours in range(count):
        _, content = quarantined(b"no JSON")
        bucket.put(f"quarantine/project_unknown/acme/chat/{hours}", content, NOW - hours * HOUR)


async def test_the_newest_are_read_while_there_is_time(capsys: pytest.CaptureFixture[str]) -> None:
    bucket = Bucket()
    fill(bucket, 100)
    counts = await look(bucket, seconds_each=SECONDS / 30)
    moved = counts[NOBODY, "quarantine_unreadable"]
    assert 30 <= moved < 60
    left = [int(name.rsplit("/", 1)[1]) for name in bucket.contents if "project_unknown" in name]
    assert sorted(left) == list(range(moved, 100))
    [line] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["message"], line["objects"]) == ("objects left unread", 100 - moved)


async def test_objects_that_are_old_or_were_read_already_are_not_read_again() -> None:
    bucket = Bucket()
    fill(bucket, 24 * 8)
    counts = await look(bucket)
    assert counts[NOBODY, "quarantine_unreadable"] == 24 * 7
    bucket = Bucket()
    bucket.put(*quarantined(body("ann")))
    bucket.put(*quarantined(b"no JSON"))
    assert await look(bucket, scope("ann")) == {}, "the rewriting for ann has read all objects"
