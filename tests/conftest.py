"""Settings and hooks for all tests."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

import local  # noqa: F401 - sets a variable that gRPC reads when it is imported

pytest_plugins = ["tests.calls.plugin"]

# Each run uses the same examples, so that a failure can be repeated. `make soak` draws new ones.
settings.register_profile("test", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("test")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, a skipped test is a failure, with the reason for which it was skipped."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report
