"""Proxies of the environment help to reach the world, not this machine."""

from __future__ import annotations

import pytest

from bot.clients import patient_client, single_try_client
from bot.settings import Settings
from gateways.addresses import on_this_machine


def settings(url: str) -> Settings:
    return Settings(_env_file=None, slack_bot_token="xoxb-1", slack_api_url=url)


@pytest.mark.parametrize("make", [patient_client, single_try_client])
def test_a_slack_on_this_machine_is_reached_without_the_environments_proxy(
    make: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert make(settings("http://127.0.0.1:8090/api/")).proxy is None
    assert make(settings("https://slack.com/api/")).proxy == "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8081/v1", True),
        ("http://[::1]:8081/v1", True),
        ("http://localhost/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://10.0.0.7/v1", False),
        ("nonsense", False),
    ],
)
def test_only_loopback_is_this_machine(url: str, here: bool) -> None:
    assert on_this_machine(url) is here
