"""What is covered of whom, and when."""

import re
from datetime import timedelta

from functions.privacy.erasures.scope import Cover, Covered, read_covered
from tests.unit.privacy.stand_ins import LONG_AGO, NOW, cover

SECOND = timedelta(seconds=1)


def test_of_a_persons_erasures_the_one_that_covers_a_moment_is_found() -> None:
    key = {"user_key": "ann"}
    first = cover("ann", **key, covers_until=NOW, erasure_id="1")
    second = cover("ann", **key, covers_after=NOW, covers_until=NOW + SECOND, erasure_id="2")
    covered = Covered([second, first, cover("bob", user_key="bob", project="shop")])
    assert covered.of("dev", "ann", LONG_AGO + SECOND) == first
    assert covered.of("dev", "ann", NOW) == first
    assert covered.of("dev", "ann", NOW + SECOND) == second
    assert covered.of("dev", "ann", NOW + 2 * SECOND) is None
    assert covered.of("dev", "bob", NOW) is None
    assert covered.projects_of("acme") == {"dev", "shop"}
    assert covered.projects_of("other") == set()


def test_tombstones_are_not_due() -> None:
    tombstone = cover("ann", status="executed")
    covered = Covered([tombstone, cover("bob")])
    assert [each.erasure_id for each in covered.due()] == ["erasure of bob"]
    assert len(list(covered)) == 2
    assert not Covered([])


def test_rows_are_read_by_name() -> None:
    row = cover("ann")._asdict() | {"day_salt": "not read"}
    assert list(read_covered([row])) == [cover("ann")]


def test_new_ids_look_like_ids_and_tell_nothing_without_the_salt() -> None:
    ids = {cover("ann", copy_salt=salt).ingest_id(old) for salt in "ab" for old in ("1", "2")}
    assert len(ids) == 4
    pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"
    assert all(re.fullmatch(pattern, each) for each in ids)
    same: Cover = cover("bob", copy_salt="a")
    assert same.ingest_id("1") in ids
