"""What all tests share."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

import local  # noqa: F401 - before gRPC, see there

pytest_plugins = ["tests.calls.plugin"]

# The same examples in every run: a failure is never a matter of luck. `make soak` draws new ones.
settings.register_profile("test", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("test")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI what cannot run is a failure, with the reason that it would have been skipped for."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report
