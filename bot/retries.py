"""Trying a call of Slack's again when the connection broke: only where twice is as good as once."""

from __future__ import annotations

from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

#: Nobody knows whether these did their work when the connection breaks; a second call would add to it.
ADDING = (
    "chat.postMessage",
    "chat.postEphemeral",
    "chat.startStream",
    "chat.appendStream",
    "chat.stopStream",
    "views.open",
)


class RepeatableCalls(AsyncConnectionErrorRetryHandler):
    """Tries reads and edits again; who posts finds out for himself whether a message is there."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if request.url.partition("?")[0].endswith(ADDING):
            return False
        return await super()._can_retry_async(state=state, request=request, response=response, error=error)
