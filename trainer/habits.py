"""What a base's chat template does with messages, learned by trying it and not by a model's name."""

import json
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import jinja2

USER = {"role": "user", "content": "Hello"}
SYSTEM = {"role": "system", "content": "Be brief."}
PLAIN = "Hello there"
NAME = "probe_of_calls"
PARAMETERS = {"type": "object", "properties": {"mark": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": NAME, "description": "A probe", "parameters": PARAMETERS}}
LONG_ID, SHORT_ID = "call_0123456789", "call00001"


class Calls(NamedTuple):
    """What stands before and behind the JSON of calls; nothing before it: an answer is calls or none."""

    opens: str
    closes: str


#: For a template that writes no calls as JSON.
USUAL = Calls("<tool_call>", "</tool_call>")


class Habits(NamedTuple):
    """Whether a template takes system messages, whether it wants Mistral's short ids, how it writes calls."""

    system: bool
    short_ids: bool
    calls: Calls


_KNOWN: dict[str, Habits] = {}


def of(tokenizer: Any) -> Habits:
    """The habits of a tokenizer's chat template."""
    template = str(tokenizer.chat_template)
    if template not in _KNOWN:
        short = _with_call(tokenizer, LONG_ID) is None and _with_call(tokenizer, SHORT_ID) is not None
        system = SYSTEM["content"] in (_tried(tokenizer, [SYSTEM, USER]) or "")
        _KNOWN[template] = Habits(system, short, _calls(tokenizer, SHORT_ID if short else LONG_ID) or USUAL)
    return _KNOWN[template]


def text(tokenizer: Any, messages: list[dict[str, Any]], tools: Any = None, *, answer: bool = False) -> str:
    """What the template makes of the messages; with answer=True it ends where the assistant begins."""
    made: str = tokenizer.apply_chat_template(
        messages,
        tools=tools,
        tokenize=False,
        add_generation_prompt=answer,
        # A base that can think aloud first is trained and asked without: training files hold plain answers.
        enable_thinking=False,
    )
    return made


def _tried(tokenizer: Any, messages: list[dict[str, Any]], tools: Any = None) -> str | None:
    try:
        return text(tokenizer, messages, tools)
    except (jinja2.TemplateError, TypeError):
        return None


def _with_call(tokenizer: Any, id: str) -> str | None:
    """A question and a call as an answer, with its arguments as an object or else as text."""
    for arguments in ({"mark": "x"}, '{"mark": "x"}'):
        call = {"id": id, "type": "function", "function": {"name": NAME, "arguments": arguments}}
        answer = {"role": "assistant", "content": "", "tool_calls": [call]}
        if made := _tried(tokenizer, [USER, answer], [TOOL]):
            return made
    return None


def _calls(tokenizer: Any, id: str) -> Calls | None:
    """What surrounds a call and doesn't surround a plain answer; None where no JSON of a call is found."""
    asked, called = _tried(tokenizer, [USER], [TOOL]), _with_call(tokenizer, id)
    plain = _tried(tokenizer, [USER, {"role": "assistant", "content": PLAIN}], [TOOL])
    if not (asked and called and plain):
        return None
    same = _length_in_common(asked, plain, called)
    head, _, tail = plain[same:].partition(PLAIN)
    answer = called[same:]
    for start, end, value in _values(answer):
        if [name for name, _ in calls_in(value) or []] == [NAME]:
            opens = answer[:start].strip().removeprefix(head.strip()).strip()
            closes = answer[end:].strip().removesuffix(tail.strip()).strip()
            return Calls(opens, closes if opens else "")
    return None


def _length_in_common(*texts: str) -> int:
    return sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False)))


def _values(written: str) -> Iterator[tuple[int, int, Any]]:
    """The JSON objects and lists in a text, the outer ones first, with where they begin and end."""
    for start, letter in enumerate(written):
        if letter in "{[":
            try:
                value, end = json.JSONDecoder().raw_decode(written, start)
            except ValueError:
                continue
            yield start, end, value


def calls_in(value: Any) -> list[tuple[str, Any]] | None:
    """The names and arguments of one call or a list of them; None for JSON that is something else."""
    found = []
    for item in value if isinstance(value, list) else [value]:
        call = item.get("function", item) if isinstance(item, dict) else None
        if not isinstance(call, dict) or not isinstance(call.get("name"), str):
            return None
        found.append((call["name"], call.get("arguments", call.get("parameters", {}))))
    return found or None
