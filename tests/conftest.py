"""For every test: no way out of this machine, no real key, and in CI no silent skip."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import socket_allow_hosts

LOOPBACK = ["127.0.0.1", "::1"]
#: What a test may lack on a person's machine and not in CI.
PARTS = ("postgres", "browser", "ray")
#: A developer's own settings and proxies; children would inherit them, and spend real money with them.
OURS = ("SLACK_", "OPENAI_", "FT_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

# Nothing is timed: a busy machine is no defect. In CI it rests on Hypothesis' own profile for that.
settings.register_profile(
    "busy",
    settings(),
    deadline=None,
    suppress_health_check=[*settings().suppress_health_check, HealthCheck.too_slow],
)
settings.load_profile("busy")


def pytest_configure(config: pytest.Config) -> None:
    for name in list(os.environ):
        if name.startswith(OURS) or name.upper() in PROXIES:
            del os.environ[name]


def pytest_make_parametrize_id(val: object) -> str | None:
    """Packed data holds the time of its packing; as a test's name it would differ from process to process."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and not val.isascii() else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """After pytest-socket's own set-up: only loopback may be connected to."""
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a part that is missing is a failure: a skip there would hide that nothing was tested."""
    report = yield
    missing = report.skipped and any(item.get_closest_marker(part) for part in PARTS)
    if missing and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"in CI this may not be skipped: {why}"
    return report
