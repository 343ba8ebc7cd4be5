"""A question to a model, its answer, and what is said when no model can answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tuning.records import Ask, Model
from views.blocks import button, context, notice, rendered, section
from views.numbers import count, usd
from views.rendered import Block, Rendered
from views.text import chunks, code, escape, markdown, mention

#: One message's share of a long answer.
CHUNK = 2900
SHOWN_MODELS = 10
_HOW = "`/ask MODEL your question`"

_FENCED = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*")
_HEADING = re.compile(r"^#{1,6} +([^\n*]+?) *#*$", re.MULTILINE)


def question(user: str, model: str, question: str) -> Rendered:
    """The message in the channel that starts an answer's thread."""
    quoted = escape(question, 2500, lines=True).replace("\n", "\n> ")
    return notice(f"{mention(user)} asks {code(model)}:\n> {quoted}")


def footer(ask: Ask) -> list[Block]:
    """Small print under an answer: model, who asked, tokens, cost."""
    facts = [code(ask.model), f"asked by {mention(ask.user)}"]
    if ask.prompt_tokens is not None or ask.completion_tokens is not None:
        facts.append(f"{_tokens(ask.prompt_tokens)} tokens in, {_tokens(ask.completion_tokens)} out")
    if ask.usd is not None:
        facts.append(usd(ask.usd))
    return [context(" · ".join(facts))]


def answer_so_far(text: str) -> list[Rendered]:
    """An answer as messages, where it can't be streamed and isn't whole yet."""
    return [notice(piece) for piece in chunks(markdown(_as_mrkdwn(text)), CHUNK)]


def answer_final(text: str, ask: Ask) -> list[Rendered]:
    """A whole answer as messages, where it can't be streamed; the last one carries the footer."""
    *messages, last = answer_so_far(text) or [notice("_The model answered with nothing._")]
    return [*messages, notice(last.text, *footer(ask))]


def unknown_model(ref: str, models: Sequence[Model]) -> Rendered:
    """No model goes by `ref`: says which ones do."""
    if not ref.strip():
        return _pick("Which model?", models)
    return _pick(f"There is no model {code(ref, 120)} here.", models)


def how_to_ask(model: str) -> Rendered:
    """What a press on "Ask it" answers: the command to type."""
    return notice(f"Type this in any channel that I am in: {code(f'/ask {model} your question', 300)}")


def only_you(*, invite: bool = False) -> Rendered:
    """Said below an answer that only the asking person could be shown."""
    if invite:
        return notice(
            "Only you see this answer: I can't write here. In a channel, `/invite` me, and answers go to all."
        )
    return notice("Only you see this answer: Slack didn't let me write it into the channel.")


def _pick(what: str, models: Sequence[Model]) -> Rendered:
    if not models:
        return notice(f"{what} No model is ready yet: a job makes one, see `/ft train` and `/ft jobs`.")
    shown = models[:SHOWN_MODELS]
    names = "\n".join(f"• {code(model.id)}" for model in shown)
    rest = len(models) - len(shown)
    also = f"\n{count(rest)} more: `/ft models`." if rest else ""
    blocks = [section(f"{what} Ask one of these with {_HOW}:")]
    blocks += [_row(model) for model in shown]
    if rest:
        blocks.append(context(f"{count(rest)} more: `/ft models`"))
    return rendered(f"{what} Ask one of these with {_HOW}:\n{names}{also}", blocks)


def _row(model: Model) -> Block:
    text = f"{code(model.id)}\nfrom {code(model.base)} · {mention(model.owner)}"
    return section(text, button("Ask it", "ask_model", model.id))


def _tokens(number: int | None) -> str:
    return "unknown" if number is None else count(number)


def _as_mrkdwn(text: str) -> str:
    """Markdown's bold and headings in Slack's older dialect, which sections speak."""
    parts = _FENCED.split(text)
    return "".join(
        part if at % 2 else _HEADING.sub(r"*\1*", _BOLD.sub(r"*\1*", part)) for at, part in enumerate(parts)
    )
