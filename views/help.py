"""The help, built from the list of commands that are really registered."""

from __future__ import annotations

from collections.abc import Sequence

from views.blocks import context, header, rendered, section, sections
from views.rendered import Rendered
from views.text import code, prose

_START = (
    "1. Drop a JSONL file into a channel that I am in: I check every row and tell what it will cost.\n"
    "2. Press *Train* on its card, or type `/ft train`: the job's thread shows how it goes.\n"
    "3. Ask the model that comes out of it: `/ask ft:... your question`."
)


def help_text(commands: Sequence[tuple[str, str]], unknown: str = "") -> Rendered:
    """Every command as (usage, what it does); `unknown` is what somebody typed that is none of them."""
    lines = [f"{code(usage, 200)}\n{prose(meaning, 500)}" for usage, meaning in commands]
    not_one = f"{code(unknown, 100)} is not one of my commands. " if unknown.strip() else ""
    blocks = [
        header("Train your own model, step by step"),
        section(not_one + "This is how it goes:\n" + _START),
        header("All commands"),
        *sections(lines),
        context("Ids may be shortened as long as they are unambiguous; the lists have buttons too."),
    ]
    return rendered(not_one + _START + "\n" + "\n".join(lines), blocks)
