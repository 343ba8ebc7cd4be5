"""The guards that stand around all other tests."""

from __future__ import annotations

import socket

import aiohttp
import pytest
from pytest_socket import SocketConnectBlockedError

pytest_plugins = ["pytester"]
pytestmark = [
    pytest.mark.filterwarnings("ignore:A test tried to use socket"),
    pytest.mark.filterwarnings("ignore:The configuration option"),
]

SKIPPED = """
import pytest

@pytest.fixture
def server():
    pytest.skip("no server here")

@pytest.mark.postgres
def test_on_the_server(server):
    pass

def test_that_may_be_skipped():
    pytest.skip("not today")
"""


def test_nothing_outside_this_machine_can_be_connected_to() -> None:
    with socket.socket() as outside, pytest.raises(SocketConnectBlockedError):
        outside.connect(("192.0.2.1", 443))


async def test_nor_by_an_asynchronous_client() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(SocketConnectBlockedError):
            await session.get("http://192.0.2.1/")


@pytest.mark.parametrize(("ci", "outcomes"), [("", {"skipped": 2}), ("true", {"skipped": 1, "errors": 1})])
def test_a_missing_part_is_skipped_here_and_fails_in_ci(
    pytester: pytest.Pytester,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
    ci: str,
    outcomes: dict[str, int],
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest((pytestconfig.rootpath / "tests" / "conftest.py").read_text())
    pytester.makeini("[pytest]\nmarkers = postgres: a part\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(SKIPPED)
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    done.assert_outcomes(**outcomes)
    if ci:
        done.stdout.fnmatch_lines(["*in CI this may not be skipped: *no server here*"])
