"""OpenAI's messages as chat templates want them; the trainer and the answering process must agree on this."""

import json
from typing import Any

from trainer import habits

Message = dict[str, Any]
SYSTEM = ("system", "developer")


def normalise(messages: list[Message]) -> list[Message]:
    """Messages with plain text, today's roles and tool calls whose arguments are objects.

    A tool's message has the name of the function whose call it answers: some templates want that.
    """
    plain = [_message(message) for message in messages]
    called = {c["id"]: c["function"]["name"] for m in plain for c in m.get("tool_calls", []) if "id" in c}
    for message in plain:
        if message.get("tool_call_id") in called:
            message.setdefault("name", called[message["tool_call_id"]])
    return plain


def _message(message: Message) -> Message:
    role = {"developer": "system", "function": "tool"}.get(message["role"], message["role"])
    plain: Message = {"role": role, "content": text_of(message.get("content") or message.get("refusal"))}
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
    known = {"id": call["id"]} if call.get("id") else {}
    plain = {"name": function["name"], "arguments": _arguments(function)}
    return {**known, "type": "function", "function": plain}


def _arguments(function: dict[str, Any]) -> Any:
    try:
        return json.loads(function.get("arguments") or "{}")
    except ValueError:
        return function["arguments"]


def text_of(content: Any) -> str:
    """The text of a message's content, or of what it refuses with: a string, a list of parts, or nothing."""
    if isinstance(content, list):
        return "".join(part.get("text") or part.get("refusal") or "" for part in content)
    return content or ""


def tools_of(row: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The tools of a row or request, the deprecated `functions` included."""
    functions = [{"type": "function", "function": function} for function in row.get("functions") or []]
    return (row.get("tools") or functions) or None


def special_tokens(tokenizer: Any) -> list[str]:
    """The tokens that mean something to a model besides their text."""
    return [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]


def defused(tokenizer: Any, messages: list[Message]) -> list[Message]:
    """Normalised messages in which the text of a special token is only text: no message can end itself."""
    return defuse(special_tokens(tokenizer), messages)


def defuse(special: list[str], messages: list[Message]) -> list[Message]:
    """The same, for who has no tokenizer."""
    return [{**message, "content": _without(message["content"], special)} for message in messages]


def _without(text: str, special: list[str]) -> str:
    for token in special:
        text = text.replace(token, f"{token[0]}\u200b{token[1:]}")
    return text


def has_system(tokenizer: Any) -> bool:
    """Whether the chat template takes a system message."""
    return habits.of(tokenizer).system


def without_system(messages: list[Message]) -> list[Message]:
    """The messages with what the system says at the beginning of the next user message."""
    kept: list[Message] = []
    said: list[str] = []
    for message in messages:
        if message["role"] == "system":
            said.append(message["content"])
        elif message["role"] == "user" and said:
            kept.append({**message, "content": "\n\n".join([*said, message["content"]])})
            said = []
        else:
            kept.append(message)
    return kept + [{"role": "user", "content": words} for words in said]


def numbered(messages: list[Message]) -> list[Message]:
    """The messages with ids of nine letters and figures, which count a conversation's calls."""
    ids: dict[str, str] = {}
    count = 0
    kept = []
    for message in messages:
        calls = []
        for call in message.get("tool_calls", []):
            count += 1
            calls.append({**call, "id": f"call{count:05}"})
            ids[call.get("id", "")] = calls[-1]["id"]
        changed: Message = {"tool_calls": calls} if calls else {}
        if message["role"] == "tool":
            changed["tool_call_id"] = ids.get(message.get("tool_call_id", ""), f"call{count:05}")
        kept.append({**message, **changed})
    return kept


def render(tokenizer: Any, messages: list[Message], tools: Any = None, *, answer: bool = False) -> str:
    """The text of normalised messages; with answer=True it ends where the assistant begins."""
    known = habits.of(tokenizer)
    if not known.system:
        messages = without_system(messages)
    if known.short_ids:
        messages = numbered(messages)
    try:
        return habits.text(tokenizer, messages, tools, answer=answer)
    except TypeError:
        # Some templates want a call's arguments as a string, most as an object.
        written_out = [_written_out(message) for message in messages]
        return habits.text(tokenizer, written_out, tools, answer=answer)


def _written_out(message: Message) -> Message:
    if "tool_calls" not in message:
        return message
    calls = []
    for call in message["tool_calls"]:
        arguments = json.dumps(call["function"]["arguments"], ensure_ascii=False)
        calls.append({**call, "function": {**call["function"], "arguments": arguments}})
    return {**message, "tool_calls": calls}
