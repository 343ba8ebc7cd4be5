"""An answer as a chat template writes it, behind the very prompt with which serving asks for it."""

import re
from typing import Any

from trainer import chat
from trainer.engine.failures import Unloadable

THOUGHT = re.compile(r"</?think>")
EMPTY_THOUGHT = re.compile(r"<think>\s*</think>")


def answer_of(tokenizer: Any, messages: list[chat.Message], tools: Any, index: int) -> tuple[str, str]:
    """The prompt that asks for this message, and the message with its end; raises Unloadable if lost."""
    message = messages[index]
    until = chat.render(tokenizer, messages[: index + 1], tools)
    if index:
        prompt = chat.render(tokenizer, messages[:index], tools, answer=True)
        if until.startswith(prompt):
            written = until[len(prompt) :]
            # The marks of a thought may stand in the prompt.
            if all(piece.strip() in written for piece in THOUGHT.split(_words(message))):
                return prompt, written
            raise _lost(message)
    begins = _begins(tokenizer, messages, tools, index, until)
    if not until[begins:].lstrip().startswith(_words(message)):
        raise _lost(message)
    if index:
        return prompt, _behind(tokenizer, messages[:index], tools, prompt, until, begins)
    # Nobody can ask for a conversation's first message: its prompt is what the template writes before it.
    return until[:begins], until[begins:]


def _begins(tokenizer: Any, messages: list[chat.Message], tools: Any, index: int, until: str) -> int:
    """Where what the template makes of a message begins: there another message makes a difference."""
    message = {name: value for name, value in messages[index].items() if name != "tool_calls"}
    message["content"] = "y" if message["content"].lstrip().startswith("x") else "x"
    return shared(until, chat.render(tokenizer, [*messages[:index], message], tools))


def _behind(
    tokenizer: Any, asking: list[chat.Message], tools: Any, prompt: str, until: str, begins: int
) -> str:
    """The answer of a conversation that the template writes otherwise than the prompt that asks for it."""
    first = len(until[:begins].rstrip())
    # White space before an answer is the prompt's if it has it, and otherwise the answer's.
    alike, place = max((shared(prompt[::-1], until[:i][::-1]), i) for i in range(first, begins + 1))
    plain = chat.render(tokenizer, asking, tools)
    asked = prompt[shared(prompt, plain) :] or asking[-1]["content"].strip()
    if shared(prompt, until) < first and asked not in prompt[len(prompt) - alike :]:
        raise Unloadable("the base's chat template writes an answer elsewhere than where it asks for one")
    return until[place:]


def _words(message: chat.Message) -> str:
    """The words that must not be lost; an empty thought says nothing.

    Many templates leave out what is said beside a tool call: the call is what matters there.
    """
    beside = message.get("tool_calls") and not THOUGHT.search(message["content"])
    return "" if beside else EMPTY_THOUGHT.sub("", message["content"]).strip()


def _lost(message: chat.Message) -> Unloadable:
    if THOUGHT.search(_words(message)):
        return Unloadable(
            "bases that can think are trained and asked without, and this base's chat template takes "
            "thinking out of answers: leave <think>...</think> out of the rows"
        )
    return Unloadable("the base's chat template changes the words of an answer, so they can't be learned")


def shared(one: list[int] | str, other: list[int] | str) -> int:
    """How long the beginning is that the two have in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
