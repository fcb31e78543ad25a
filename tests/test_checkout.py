"""A checkout has the same bytes on every machine."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GIT = shutil.which("git") or "git"
TEXT = b"a\nb\n"
PICTURE = b"\x89PNG\r\n\x1a\n\x00"


@pytest.mark.parametrize("autocrlf", ["true", "input", "false"])
@pytest.mark.parametrize("eol", ["lf", "crlf"])
def test_settings_of_git_change_no_byte(tmp_path: Path, autocrlf: str, eol: str) -> None:
    def git(*arguments: str) -> None:
        settings = {
            "core.autocrlf": autocrlf,
            "core.eol": eol,
            "user.name": "a",
            "user.email": "a@b.c",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        subprocess.run(
            [GIT, *options, *arguments], cwd=tmp_path, check=True, capture_output=True, timeout=60
        )

    content = {
        f"file.{suffix}": TEXT for suffix in ("py", "sql", "json", "yaml", "tf", "txt", "sh")
    }
    content |= {"Makefile": TEXT, "run": TEXT, "picture.png": PICTURE}
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "all")

    for name in content:
        (tmp_path / name).unlink()
    git("checkout", "--", ".")

    assert {name: (tmp_path / name).read_bytes() for name in content} == content
