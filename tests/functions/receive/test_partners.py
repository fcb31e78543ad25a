"""The partners' secret: its form, its rotation, and what happens when it cannot be read."""

import hashlib
import json
from pathlib import Path

import pytest

from functions.receive.partners import Directory, PartnersFile, PartnersUnavailable


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def secret(**tokens: list[str]) -> bytes:
    partners = {
        name: {"tokens_sha256": list(map(digest, of)), "projects": {name: "eu"}}
        for name, of in tokens.items()
    }
    return json.dumps({"partners": partners}).encode()


def test_two_tokens_are_valid_while_one_is_rotated() -> None:
    directory = Directory.from_json(secret(a=["old", "new"], b=["other"]))
    assert [(directory.find(token) or "-")[0] for token in ("old", "new", "other", "x", "")] == [
        "a",
        "a",
        "b",
        "-",
        "-",
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"partners": 1}',
        secret(a=[]),
        secret(a=["1", "2", "3"]),
        secret(a=["same"], b=["same"]),
        secret(a=["1"]).replace(b"projects", b"project"),
        secret(a=["1"]).replace(digest("1").encode(), b"plain-token"),
    ],
)
def test_a_malformed_secret_is_refused_without_quoting_it(text: bytes) -> None:
    with pytest.raises(ValueError, match="partners") as caught:
        Directory.from_json(text)
    assert "plain-token" not in str(caught.value)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def settled(partners: PartnersFile) -> Directory:
    """Ask once, let the background read end, ask again."""
    await partners.current()
    if partners._reading:
        await partners._reading
    return await partners.current()


async def test_a_rotation_is_seen_after_a_minute(tmp_path: Path) -> None:
    path, clock = tmp_path / "partners.json", Clock()
    path.write_bytes(secret(a=["old"]))
    partners = PartnersFile(path, clock)
    assert (await settled(partners)).find("old")
    path.write_bytes(secret(a=["new"]))
    clock.now += 59
    assert (await settled(partners)).find("old")
    clock.now += 2
    assert (await settled(partners)).find("new")
    assert not (await settled(partners)).find("old")


@pytest.mark.parametrize("fault", ["gone", "garbage"])
async def test_the_last_good_value_serves_for_ten_minutes(
    tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, clock = tmp_path / "partners.json", Clock()
    path.write_bytes(secret(a=["t"]))
    partners = PartnersFile(path, clock)
    await partners.current()
    path.unlink() if fault == "gone" else path.write_bytes(b"garbage")
    clock.now += 599
    assert (await settled(partners)).find("t")
    logged = json.loads(capsys.readouterr().out)
    assert (logged["severity"], logged["message"]) == ("ERROR", "partners secret not read")
    clock.now += 2
    with pytest.raises(PartnersUnavailable):
        await partners.current()
    path.write_bytes(secret(a=["back"]))
    assert (await partners.current()).find("back")
