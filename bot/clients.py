"""Slack clients, one making for all: the right address, token, manners, and no proxy on this machine."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.retries import RepeatableCalls
from bot.settings import Settings
from gateways.addresses import on_this_machine


def patient_client(settings: Settings) -> AsyncWebClient:
    """For people's requests: waits when Slack asks to, and repeats what can be repeated."""
    return _client(settings, [RepeatableCalls(), AsyncRateLimitErrorRetryHandler(max_retry_count=2)])


def single_try_client(settings: Settings) -> AsyncWebClient:
    """For the courier: a post whose fate is unknown must be looked up, not sent again."""
    return _client(settings, [])


def _client(settings: Settings, retry_handlers: Sequence[AsyncRetryHandler]) -> AsyncWebClient:
    client = AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        retry_handlers=list(retry_handlers),
    )
    if on_this_machine(settings.slack_api_url):
        client.proxy = None  # the library takes one from the environment, whatever NO_PROXY says
    return client
