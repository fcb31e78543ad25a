"""Runs the commands of a documentation page in a shell, as a reader would."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.cell.running import PATIENCE_SECONDS, ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Page:
    """A page of ``docs``; readers are meant to run its blocks of the language ``sh``."""

    def __init__(self, name: str) -> None:
        self.text = (ROOT / "docs" / name).read_text()
        fences = BLOCK.findall(self.text)
        self.blocks = [text for language, text in fences if language == "sh"]
        self.others = [text for language, text in fences if language != "sh"]

    def block(self, *parts: str) -> str:
        """Return the only block that contains all of these texts."""
        block: str
        [block] = [text for text in self.blocks if all(part in text for part in parts)]
        return block

    def commands_outside(self) -> list[str]:
        """Return the lines with a command that are outside all blocks."""
        return [line for line in BLOCK.sub("", self.text).splitlines() if "curl" in line]


def run(block: str, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Run a block, and return the JSON that its commands print."""
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-eu", "-o", "pipefail", "-c", block],
        env={"PATH": os.environ["PATH"]} | dict(environ),
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, (block, done.stdout, done.stderr)
    decoder, text, answers = json.JSONDecoder(), done.stdout.decode(), []
    while text := text.lstrip():
        answer, end = decoder.raw_decode(text)
        answers.append(answer)
        text = text[end:]
    assert len(answers) == block.count("curl ") - block.count(" -o ")
    return answers
