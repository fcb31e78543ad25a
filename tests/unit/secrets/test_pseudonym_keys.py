import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.secrets.pseudonym_keys import PseudonymKeys, load_keys, user_key

KEY = bytes(range(32))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def write_key(folder: Path, name: str, key: bytes) -> None:
    (folder / name).write_text(base64.b64encode(key).decode() + "\n")


def test_user_key_is_the_hmac_of_length_prefixed_parts() -> None:
    message = b"\x00\x00\x00\x03dev\x00\x00\x00\x04\xf0\x9f\x98\x80"
    expected = hmac.new(KEY, message, hashlib.sha256).hexdigest()[:32]
    assert user_key(KEY, "dev", "😀") == expected


def test_the_border_between_project_and_user_counts() -> None:
    assert user_key(KEY, "a", "bc") != user_key(KEY, "ab", "c")


@given(TEXT, TEXT, TEXT, TEXT)
def test_other_people_have_other_keys(project: str, user: str, project2: str, user2: str) -> None:
    same = (project, user) == (project2, user2)
    assert (user_key(KEY, project, user) == user_key(KEY, project2, user2)) is same


def test_the_highest_version_is_current_and_all_are_tried(tmp_path: Path) -> None:
    old, new = bytes(32), KEY
    for name, key in (("9", old), ("10", new)):
        write_key(tmp_path, name, key)
    (tmp_path / "..data").mkdir()
    keys = load_keys(tmp_path)
    assert (keys.version, keys.current) == (10, new)
    assert keys.all_user_keys("dev", "u") == [user_key(k, "dev", "u") for k in (old, new)]
    assert keys == PseudonymKeys(10, {9: old, 10: new})


def test_an_announced_version_is_used_from_its_time_on(tmp_path: Path) -> None:
    write_key(tmp_path, "1", KEY)
    encoded = base64.b64encode(bytes(32)).decode()
    (tmp_path / "2").write_text(f"{encoded} 2026-11-24T10:00:00Z\n")
    keys = load_keys(tmp_path)
    begins = datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert keys == PseudonymKeys(2, {1: KEY, 2: bytes(32)}, {2: begins})
    assert keys.version_at(begins - timedelta(microseconds=1)) == 1
    assert keys.version_at(begins) == 2
    assert len(keys.all_user_keys("dev", "u")) == 2, "a search for a person uses it earlier"


@given(st.lists(st.integers(0, 9), max_size=4), st.integers(0, 9), st.integers(0, 9))
def test_an_erasure_knows_every_key_that_rows_of_before_it_can_get(
    days: list[int], received: int, filed: int
) -> None:
    """Versions that are added after the erasure are announced, so they begin only later."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    begins = {number: start + timedelta(days=day) for number, day in enumerate(sorted(days), 2)}
    by_version = {number: bytes([number]) * 32 for number in (1, *begins)}
    keys = PseudonymKeys(max(by_version), by_version, begins)
    filed_at = start + timedelta(days=max(received, filed))
    known = {
        version: key
        for version, key in by_version.items()
        if version == 1 or begins[version] <= filed_at
    }
    then = PseudonymKeys(max(known), known, begins)
    version = keys.version_at(start + timedelta(days=received))
    later = user_key(keys.by_version[version], "dev", "u")
    assert later in then.all_user_keys("dev", "u")


def test_if_every_version_is_announced_the_first_is_used_until_its_time() -> None:
    begins = datetime(2026, 11, 1, tzinfo=UTC)
    keys = PseudonymKeys(2, {1: KEY, 2: bytes(32)}, {1: begins, 2: begins})
    assert keys.version_at(begins - timedelta(days=1)) == 1


@pytest.mark.parametrize("time", ["soon", "2026-11-24T10:00:00", "2026-11-24T10:00:00Z x"])
def test_a_malformed_time_is_refused(tmp_path: Path, time: str) -> None:
    (tmp_path / "1").write_text(f"{base64.b64encode(KEY).decode()} {time}")
    with pytest.raises(ValueError, match="key 1 may be followed only by a time"):
        load_keys(tmp_path)


def test_no_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no pseudonym key"):
        load_keys(tmp_path)


@pytest.mark.parametrize("name", ["latest", "0", "-1", "1.txt", "²"])
def test_a_name_that_is_no_version_is_refused(tmp_path: Path, name: str) -> None:
    write_key(tmp_path, name, KEY)
    with pytest.raises(ValueError, match="must be named by its version"):
        load_keys(tmp_path)


@pytest.mark.parametrize("content", ["c2hvcnQ=", "not base64!", "é", ""])
def test_a_malformed_key_is_refused_without_being_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (tmp_path / "1").write_text(content)
    with pytest.raises(ValueError, match="pseudonym key 1 must be") as caught:
        load_keys(tmp_path)
    assert not content or content not in str(caught.value)
    line = json.loads(capsys.readouterr().out)
    assert (line["severity"], line["message"]) == ("ERROR", "secret not read")
    assert (line["secret"], line["reason"]) == ("pseudonym", str(caught.value))
