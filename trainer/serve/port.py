"""What the server needs of whatever computes answers: the local process, or vLLM.

A question is the dictionary of `trainer.api.question`. What is said of it, in order:

    {"event": "begin", "prompt_tokens": int, "calls": [before, behind] | None}     once, first
    {"event": "text", "index": int, "text": str, "finish": str | None,
     "logprobs": [OpenAI's entries], "tokens": int made so far}                    any number

`calls` is what the model's template writes around the JSON of tool calls, where tools are offered.
"""

from collections.abc import AsyncGenerator
from typing import Any, Protocol

from trainer.errors import ApiError

Question = dict[str, Any]
Said = dict[str, Any]
RETRY_SECONDS = 5


class Engine(Protocol):
    """Answers questions."""

    def answer(self, question: Question) -> AsyncGenerator[Said, None]:
        """What is said of one question, until it is done; raises ApiError. Closing it frees the place."""
        ...

    async def get_ready(self, base: dict[str, Any], folder: str | None) -> None:
        """Soon someone will ask this model."""
        ...

    def forget(self, folder: str) -> None:
        """A model was deleted: nothing of it may stay in memory once its last answer ends."""
        ...

    async def stop(self) -> None:
        """End every process that was started."""
        ...


def unavailable(code: str, message: str, seconds: int = RETRY_SECONDS) -> ApiError:
    """503: nothing is wrong with the question; it may be asked again after so many seconds."""
    headers = {"Retry-After": str(seconds)}
    return ApiError(503, message, code=code, kind="server_error", headers=headers)


def too_long(context: int, tokens: int | None) -> ApiError:
    """400: the messages fill the model's context; `tokens` is None where only that much is known."""
    resulted = "more than that" if tokens is None else f"{tokens} tokens"
    message = (
        f"This model's maximum context length is {context} tokens. However, your messages resulted in "
        f"{resulted}. Please reduce the length of the messages."
    )
    return ApiError(400, message, param="messages", code="context_length_exceeded")
