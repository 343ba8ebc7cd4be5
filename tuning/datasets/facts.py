"""What a row says about its set, whatever its format and however broken: prompt, answer, tools, images."""

from __future__ import annotations

from typing import Any, NamedTuple


class Facts(NamedTuple):
    """`prompt` is the row's only system prompt, or '' for none or several; `answer` is the final one."""

    messages: int
    has_user: bool
    has_system: bool
    has_images: bool
    prompt: str
    answer: str | None
    tools: list[str]


def facts_of(row: dict[str, Any]) -> Facts:
    """The facts of one row; `messages` is 0 when it has no list of messages."""
    value = row.get("input")
    holder = value if isinstance(value, dict) else row
    messages = [m for m in _list(holder.get("messages")) if isinstance(m, dict)]
    roles = [m.get("role") for m in messages]
    prompts = [m.get("content") for m in messages if m.get("role") in ("system", "developer")]
    prompt = prompts[0] if len(prompts) == 1 and isinstance(prompts[0], str) else ""
    answers = _list(row.get("preferred_output")) or messages
    return Facts(
        messages=len(_list(holder.get("messages"))),
        has_user="user" in roles,
        has_system=bool(prompts),
        has_images=any(_has_image(m.get("content")) for m in messages),
        prompt=prompt,
        answer=_answer(answers[-1]) if answers else None,
        tools=_tool_names(holder),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _has_image(content: Any) -> bool:
    return any(isinstance(part, dict) and part.get("type") == "image_url" for part in _list(content))


def _answer(message: Any) -> str | None:
    if not isinstance(message, dict) or message.get("role") != "assistant":
        return None
    content = message.get("content")
    return content if isinstance(content, str) else None


def _tool_names(holder: dict[str, Any]) -> list[str]:
    tools = [tool.get("function") for tool in _list(holder.get("tools")) if isinstance(tool, dict)]
    functions = [f for f in [*tools, *_list(holder.get("functions"))] if isinstance(f, dict)]
    return [name for f in functions if isinstance(name := f.get("name"), str) and len(name) <= 64]
