"""Block Kit's pieces, each kept within Slack's limits, so that no text however long is refused.

Texts that come in here are safe already (see `text`); values of buttons carry ids and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from views.rendered import MAX_BLOCKS, MAX_TEXT, Block, Rendered
from views.text import clip, packed, plain

MAX_FIELDS = 10
#: What a page of a list shows: quick to read, and small enough for what a message may hold in all.
PAGE = 10


def rendered(text: str, blocks: Sequence[Block]) -> Rendered:
    """A message; what is over Slack's limits is cut off with a word that it was."""
    shown = list(blocks)
    if len(shown) > MAX_BLOCKS:
        shown = [*shown[: MAX_BLOCKS - 1], context("There is more than one message can show.")]
    return Rendered(clip(text, MAX_TEXT), shown)


def notice(text: str, *more: Block) -> Rendered:
    """A message of one text, with whatever follows it."""
    return rendered(text, [section(text), *more])


def mrkdwn(text: str, limit: int = MAX_TEXT) -> Block:
    """A text object; `verbatim` keeps Slack from looking for links and names in it."""
    return {"type": "mrkdwn", "text": clip(text, limit) or "–", "verbatim": True}


def plain_text(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": plain(text, limit) or "–", "emoji": True}


def header(text: str) -> Block:
    return {"type": "header", "text": plain_text(text, 150)}


def section(text: str, accessory: Block | None = None) -> Block:
    block: Block = {"type": "section", "text": mrkdwn(text)}
    return block | {"accessory": accessory} if accessory else block


def sections(lines: Sequence[str]) -> list[Block]:
    """Lines of mrkdwn in as few sections as they need."""
    return [section(text) for text in packed(list(lines))]


def fields(pairs: Sequence[tuple[str, str]]) -> Block:
    """Names with their values, in two columns; at most ten."""
    texts = [mrkdwn(f"*{name}*\n{value}", 2000) for name, value in pairs[:MAX_FIELDS]]
    return {"type": "section", "fields": texts}


def context(*texts: str) -> Block:
    """Small print; at most ten texts."""
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[:10]]}


def divider() -> Block:
    return {"type": "divider"}


def actions(*buttons: Block) -> Block:
    return {"type": "actions", "elements": list(buttons[:25])}


def button(
    label: str, action_id: str, value: str = "", *, style: str = "", confirm: Block | None = None
) -> Block:
    """A button; `style` is primary, danger or empty."""
    block: Block = {"type": "button", "text": plain_text(label, 75), "action_id": action_id}
    if value:
        block["value"] = value[:2000]
    if style:
        block["style"] = style
    if confirm:
        block["confirm"] = confirm
    return block


def confirm(title: str, text: str, yes: str, no: str) -> Block:
    """The dialog that asks before something is ended or deleted."""
    return {
        "title": plain_text(title, 100),
        "text": plain_text(text, 300),
        "confirm": plain_text(yes, 30),
        "deny": plain_text(no, 30),
        "style": "danger",
    }


def more(action_id: str, start: int, total: int, page: int = PAGE, search: str = "") -> list[Block]:
    """What stands under a page that isn't the last: a button whose value is where the next one starts.

    What was searched for follows it.
    """
    following = start + page
    if following >= total:
        return []
    return [
        actions(
            button(f"Show {min(page, total - following)} more", action_id, f"{following} {search}".strip())
        )
    ]
