"""Scopes of a person's erasures, and the new ids of anonymised events."""

import re
from datetime import timedelta

from functions.privacy.erasures.scope import Scope, Scopes, read_scopes
from tests.unit.privacy.stand_ins import LONG_AGO, NOW, scope

SECOND = timedelta(seconds=1)


def test_the_erasure_of_a_person_that_applies_to_a_moment_is_found() -> None:
    key = {"user_key": "ann"}
    first = scope("ann", **key, cut_off=NOW, erasure_id="1")
    second = scope("ann", **key, previous_cut_off=NOW, cut_off=NOW + SECOND, erasure_id="2")
    scopes = Scopes([second, first, scope("bob", user_key="bob", project="shop")])
    assert scopes.find("dev", "ann", LONG_AGO + SECOND) == first
    assert scopes.find("dev", "ann", NOW) == first
    assert scopes.find("dev", "ann", NOW + SECOND) == second
    assert scopes.find("dev", "ann", NOW + 2 * SECOND) is None
    assert scopes.find("dev", "bob", NOW) is None
    assert scopes.projects_of("acme") == {"dev", "shop"}
    assert scopes.projects_of("other") == set()


def test_tombstones_are_not_due() -> None:
    tombstone = scope("ann", status="executed")
    scopes = Scopes([tombstone, scope("bob")])
    assert [due.erasure_id for due in scopes.due()] == ["erasure of bob"]
    assert len(list(scopes)) == 2
    assert not Scopes([])


def test_rows_are_read_by_name() -> None:
    row = scope("ann")._asdict() | {"day_salt": "not read"}
    assert list(read_scopes([row])) == [scope("ann")]


def test_new_ids_look_like_ids_and_tell_nothing_without_the_salt() -> None:
    ids = {scope("ann", copy_salt=salt).ingest_id(old) for salt in "ab" for old in ("1", "2")}
    assert len(ids) == 4
    pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"
    assert all(re.fullmatch(pattern, ingest_id) for ingest_id in ids)
    same: Scope = scope("bob", copy_salt="a")
    assert same.ingest_id("1") in ids
