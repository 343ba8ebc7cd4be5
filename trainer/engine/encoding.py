"""Conversations as token ids with labels on the assistant's words only, whatever a chat template writes.

What an answer is, the template says itself: what it writes of a message behind the prompt with which serving
asks for it. So what is learned of a message begins where answering begins, and ends with a token that ends
answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trainer import chat
from trainer.engine.answers import answer_of, shared
from trainer.engine.failures import Unloadable

IGNORED = -100


@dataclass(frozen=True)
class Sequence:
    """Token ids, and for each the id to be learned there or IGNORED."""

    input_ids: list[int]
    labels: list[int]

    def cut(self, longest: int) -> "Sequence":
        """Its first tokens."""
        return Sequence(self.input_ids[:longest], self.labels[:longest])

    def as_dict(self) -> dict[str, list[int]]:
        """The columns that the trainer reads."""
        return {"input_ids": self.input_ids, "labels": self.labels}

    @property
    def teaches(self) -> bool:
        """Whether anything is learned; the first token of a sequence never is."""
        return any(label != IGNORED for label in self.labels[1:])


class Template:
    """A base's tokenizer with its chat template, and the tokens that end an answer."""

    def __init__(self, tokenizer: Any, ends: Any = None) -> None:
        self.tokenizer = tokenizer
        if tokenizer.eos_token_id is None:
            raise Unloadable("the base's tokenizer has no token that ends a text, so no answer could end")
        self.ends = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        self.special = {id for id, token in tokenizer.added_tokens_decoder.items() if token.special}

    def sequences(self, row: dict[str, Any]) -> list[Sequence]:
        """A supervised row; several where the template changes what stands before once more follows."""
        given, messages, tools = row["messages"], self.messages(row["messages"]), chat.tools_of(row)
        learned = [i for i, m in enumerate(given) if m["role"] == "assistant" and m.get("weight") != 0]
        parts = [self.part(messages, tools, i) for i in learned]
        whole = parts[-1][0]
        if learned[-1] < len(messages) - 1:
            whole = self.tokens(chat.render(self.tokenizer, messages, tools))
        if all(whole[: len(ids)] == ids for ids, _ in parts):
            return [labelled(whole, [(begins, len(ids)) for ids, begins in parts])]
        return [labelled(ids, [(begins, len(ids))]) for ids, begins in parts]

    def pair(self, row: dict[str, Any]) -> dict[str, list[int]]:
        """A preference row: the prompt's ids and those of the two answers behind it."""
        given, tools = self.messages(row["input"]["messages"]), chat.tools_of(row["input"])
        outputs = [self.messages(row[name]) for name in ("preferred_output", "non_preferred_output")]
        parts = [self.part([*given, *output], tools, len(given)) for output in outputs]
        begins = min(begins for _, begins in parts)
        (chosen, _), (rejected, _) = parts
        return {
            "prompt_ids": chosen[:begins],
            "chosen_ids": chosen[begins:],
            "rejected_ids": rejected[begins:],
        }

    def messages(self, messages: list[dict[str, Any]]) -> list[chat.Message]:
        """Messages as the template takes them."""
        return chat.defused(self.tokenizer, chat.normalise(messages))

    def part(self, messages: list[chat.Message], tools: Any, index: int) -> tuple[list[int], int]:
        """The ids up to a message's end, and where among them the assistant's own words begin."""
        prompt, answer = answer_of(self.tokenizer, messages, tools, index)
        for call in messages[index].get("tool_calls", []):
            if call["function"]["name"] not in answer:
                raise Unloadable(
                    "the base's chat template doesn't write tool calls, so they can't be learned"
                )
        ids = self.tokens(prompt + answer)
        begins = shared(ids, self.tokens(prompt))
        return self._ended(prompt + answer, ids, begins), begins

    def tokens(self, text: str) -> list[int]:
        """The token ids of a rendered text."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _ended(self, text: str, ids: list[int], begins: int) -> list[int]:
        """The ids up to the token that ends the answer; it is added where the template writes none."""
        for i in range(begins, len(ids)):
            if ids[i] in self.ends:
                return ids[: i + 1]
        turn = next((i + 1 for i in reversed(range(begins, len(ids))) if ids[i] in self.special), None)
        # What follows is white space of the template, or else not the turn's end.
        closed = turn and not self.tokenizer.decode(ids[turn:]).strip()
        kept = ids[:turn] if closed else self.tokens(text.rstrip())
        return [*kept, self.tokenizer.eos_token_id]


def labelled(ids: list[int], spans: list[tuple[int, int]]) -> Sequence:
    """A sequence of which these stretches are learned."""
    labels = [IGNORED] * len(ids)
    for first, last in spans:
        labels[first:last] = ids[first:last]
    return Sequence(ids, labels)


def peculiarities(template: Template, rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """What the template does to these rows that one would not expect: topics and words."""
    given = [row.get("input", row) for row in rows]
    instructed = [row for row in given if any(m["role"] in chat.SYSTEM for m in row["messages"])]
    if instructed and not chat.has_system(template.tokenizer):
        words = "The base's chat template has no system messages: they stand before the next user message"
        yield "system", words
    elif any(loses_system(template, row) for row in instructed):
        words = "The base's chat template leaves the system message out where a tool's result was said last"
        yield "system", words
    tools = next((chat.tools_of(row) for row in given if chat.tools_of(row)), None)
    hello = [{"role": "user", "content": "Hello"}]
    plain = chat.render(template.tokenizer, hello)
    if tools and chat.render(template.tokenizer, hello, tools) == plain:
        yield "tools", "The base's chat template has no place for tools: the model does not see them"


def loses_system(template: Template, row: dict[str, Any]) -> bool:
    """Whether a prompt that ends with a tool's result lacks what the system says."""
    messages = template.messages(row["messages"])
    said = [m["content"].strip() for m in messages if m["role"] == "system"]
    last = max((i for i, m in enumerate(messages) if m["role"] == "tool"), default=None)
    if last is None:
        return False
    prompt = chat.render(template.tokenizer, messages[: last + 1], chat.tools_of(row), answer=True)
    return any(words not in prompt for words in said)
