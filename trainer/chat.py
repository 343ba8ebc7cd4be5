"""OpenAI's messages as chat templates want them; the trainer and the answering process must agree on this."""

import json
from typing import Any

Message = dict[str, Any]


def normalise(messages: list[Message]) -> list[Message]:
    """Messages with plain text, today's roles and tool calls whose arguments are objects."""
    return [_message(message) for message in messages]


def _message(message: Message) -> Message:
    role = {"developer": "system", "function": "tool"}.get(message["role"], message["role"])
    plain: Message = {"role": role, "content": text_of(message.get("content"))}
    calls = message.get("tool_calls") or []
    if message.get("function_call"):
        calls = [{"type": "function", "function": message["function_call"]}]
    if calls:
        plain["tool_calls"] = [_call(call) for call in calls]
    for key in ("name", "tool_call_id"):
        if message.get(key):
            plain[key] = message[key]
    return plain


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {"type": "function", "function": {"name": function["name"], "arguments": _arguments(function)}}


def _arguments(function: dict[str, Any]) -> Any:
    try:
        return json.loads(function.get("arguments") or "{}")
    except ValueError:
        return function["arguments"]


def text_of(content: Any) -> str:
    """The text of a message's content: a string, a list of parts, or nothing."""
    if isinstance(content, list):
        return "".join(part.get("text") or part.get("refusal") or "" for part in content)
    return content or ""


def tools_of(row: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The tools of a row or request, the deprecated `functions` included."""
    functions = [{"type": "function", "function": function} for function in row.get("functions") or []]
    return (row.get("tools") or functions) or None


def defused(tokenizer: Any, messages: list[Message]) -> list[Message]:
    """Normalised messages in which the text of a special token is only text: no message can end itself."""
    special = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return [{**message, "content": _without(message["content"], special)} for message in messages]


def _without(text: str, special: list[str]) -> str:
    for token in special:
        text = text.replace(token, f"{token[0]}\u200b{token[1:]}")
    return text


def render(tokenizer: Any, messages: list[Message], tools: Any = None, *, answer: bool = False) -> str:
    """The text of normalised messages; with answer=True it ends where the assistant begins."""
    text: str = tokenizer.apply_chat_template(
        messages, tools=tools, tokenize=False, add_generation_prompt=answer
    )
    return text
