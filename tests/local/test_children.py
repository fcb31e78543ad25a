"""Child processes start on Linux and on macOS."""

import ctypes
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from local import children

NOTHING_LISTENS = 1
"""A port that a program without special rights cannot listen on."""


@pytest.fixture
def on_macos(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A second copy of the module, imported as on macOS, where the C library has no prctl."""
    spec = importlib.util.spec_from_file_location("children_on_macos", children.__file__)
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patched:
        patched.setattr(ctypes, "CDLL", lambda _name: SimpleNamespace())
        spec.loader.exec_module(copy)
    return copy


def test_a_child_starts_without_prctl(on_macos: ModuleType, tmp_path: Path) -> None:
    child = on_macos.start("child", [sys.executable, "-c", "print('here')"], {}, tmp_path)

    assert child.process.wait(60) == 0
    assert child.log.read_text() == "here\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux does this")
def test_linux_ends_a_child_with_its_parent() -> None:
    libc = ctypes.CDLL(None)
    signal_number = ctypes.c_int()
    pr_get_pdeathsig = 2

    children.die_with_parent()
    libc.prctl(pr_get_pdeathsig, ctypes.byref(signal_number))
    libc.prctl(children.PR_SET_PDEATHSIG, 0)

    assert signal_number.value == 15


async def test_a_child_that_does_not_listen_is_named(tmp_path: Path) -> None:
    child = children.start(
        "sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], {}, tmp_path
    )
    try:
        with pytest.raises(children.SlowStart, match="sleeper did not start within"):
            await children.wait_until_listening(child, NOTHING_LISTENS, within=0.0)
    finally:
        children.stop([child])
