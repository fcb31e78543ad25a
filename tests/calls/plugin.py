"""The option ``--calls``: compares the calls of Google's APIs with ``calls.yaml``.

``--calls=check`` is for a run of all integration tests. It fails if a function made a call that the
file does not have, or if a call in the file was not made. ``--calls=write`` writes a new file.
"""

import os
import tempfile
from pathlib import Path

import pytest

RECORDER = Path(__file__).parent / "sitecustomize.py"
_FOLDER = pytest.StashKey[tempfile.TemporaryDirectory[str]]()
_RESULT = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--calls", choices=("check", "write"), help="of a run of all integration tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let all functions that are started from now on record their calls."""
    if config.getoption("--calls") and not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="calls-")
        config.stash[_FOLDER] = folder
        (Path(folder.name) / RECORDER.name).symlink_to(RECORDER)
        path = [folder.name, *filter(None, [os.environ.get("PYTHONPATH")])]
        os.environ["PYTHONPATH"] = os.pathsep.join(path)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Compare or write the calls, but not after a failure, because calls may be missing then."""
    folder = session.config.stash.get(_FOLDER, None)
    if folder is None:
        return
    from tests.calls import recorded  # noqa: PLC0415 - slow to import

    with folder as name:
        calls = recorded.observed(Path(name))
    if exitstatus != pytest.ExitCode.OK:
        return
    if session.config.getoption("--calls") == "write":
        recorded.write(calls)
        return
    differences = recorded.differences(calls, recorded.committed())
    if differences:
        session.config.stash[_RESULT] = "\n".join(
            [*differences, "make integration CALLS=write writes tests/calls/calls.yaml anew"]
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the differences."""
    result = config.stash.get(_RESULT, "")
    if result:
        terminalreporter.section("calls of Google's APIs", red=True)
        terminalreporter.write_line(result)
