"""The one error of the workspace: Slack's own error code, with whatever Slack sends beside it."""

from typing import Any


class SlackError(Exception):
    """A refusal with Slack's error code; `extra` travels in the response beside it."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra


def invalid_arguments(*problems: str) -> SlackError:
    """What Slack answers to missing or malformed arguments: the code and one message for each problem."""
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError("invalid_arguments", response_metadata={"messages": messages})
