"""Holds any message or view against Slack's limits and against what must never be live in it."""

from __future__ import annotations

import json
import re
from typing import Any

from views.rendered import Rendered

Json = dict[str, Any]

#: What our own views may write between angle brackets: a mention, and a time in the reader's zone.
OURS = re.compile(r"<@[UW][A-Z0-9]+>|<!date\^\d+\^[a-z_{} ]+\|[-0-9: UTC]+>")
LINK = re.compile(r"://|www\.|mailto:|\]\(|@(?:channel|here|everyone)|evil\.com(?![a-z0-9])", re.IGNORECASE)
ELEMENTS = {"button", "external_select", "static_select", "plain_text_input", "conversations_select"}


def check_message(message: Rendered) -> None:
    assert 0 < len(message.text) <= 3000
    check_mrkdwn(message.text)
    assert message.blocks
    assert len(message.blocks) <= 50
    check_blocks(message.blocks)


def check_view(view: Json) -> None:
    assert view["type"] in ("modal", "home")
    assert 0 < len(view["blocks"]) <= 100
    assert len(view.get("private_metadata", "")) <= 3000
    for part in ("title", "submit", "close"):
        if part in view:
            check_plain(view[part], 24)
    check_blocks(view["blocks"])


def check_mrkdwn(text: str) -> None:
    text.encode()
    rest = OURS.sub("", text)
    assert "<" not in rest
    assert ">" not in re.sub(r"^>(?=[ …]|$)", "", rest, flags=re.MULTILINE)
    assert not re.search(r"&(?!amp;|lt;|gt;)", rest), rest
    assert not LINK.search(rest), rest


def check_blocks(blocks: list[Json]) -> None:
    json.dumps(blocks).encode()
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(ids) == len(set(ids))
    for block in blocks:
        CHECKS[block["type"]](block)


def check_text(text: Json, longest: int) -> None:
    assert text["type"] == "mrkdwn"
    assert text["verbatim"] is True
    assert 0 < len(text["text"]) <= longest
    check_mrkdwn(text["text"])


def check_plain(text: Json, longest: int) -> None:
    assert text["type"] == "plain_text"
    assert 0 < len(text["text"]) <= longest
    assert "<" not in text["text"]
    assert not LINK.search(text["text"])
    text["text"].encode()


def _header(block: Json) -> None:
    check_plain(block["text"], 150)


def _section(block: Json) -> None:
    assert ("text" in block) != ("fields" in block)
    if "text" in block:
        check_text(block["text"], 3000)
    assert 0 < len(block.get("fields", [1])) <= 10
    for text in block.get("fields", []):
        check_text(text, 2000)
    if "accessory" in block:
        check_element(block["accessory"])


def _context(block: Json) -> None:
    assert 0 < len(block["elements"]) <= 10
    for text in block["elements"]:
        check_text(text, 3000)


def _actions(block: Json) -> None:
    assert 0 < len(block["elements"]) <= 25
    names = [element["action_id"] for element in block["elements"]]
    assert len(names) == len(set(names))
    for element in block["elements"]:
        check_element(element)


def _input(block: Json) -> None:
    check_plain(block["label"], 2000)
    if "hint" in block:
        check_plain(block["hint"], 2000)
    check_element(block["element"])


def _divider(block: Json) -> None:
    assert block == {"type": "divider"}


CHECKS = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "divider": _divider,
}


def check_element(element: Json) -> None:
    assert element["type"] in ELEMENTS
    assert 0 < len(element["action_id"]) <= 255
    if element["type"] == "button":
        check_plain(element["text"], 75)
        assert len(element.get("value", "")) <= 2000
        assert element.get("style", "primary") in ("primary", "danger")
    if "placeholder" in element:
        check_plain(element["placeholder"], 150)
    if "confirm" in element:
        for part, longest in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            check_plain(element["confirm"][part], longest)
    chosen = [element["initial_option"]] if "initial_option" in element else []
    check_options([*element.get("options", []), *chosen])


def check_options(options: list[Json]) -> None:
    assert len(options) <= 101
    for option in options:
        check_plain(option["text"], 75)
        assert 0 < len(option["value"]) <= 150


def buttons(message: Rendered) -> list[tuple[str, str | None]]:
    """(action id, value) of every button, in order."""
    found = []
    for block in message.blocks:
        elements = block["elements"] if block["type"] == "actions" else [block.get("accessory")]
        found += [(one["action_id"], one.get("value")) for one in elements if one]
    return found


def shown(message: Rendered) -> str:
    """All text of the blocks, as one string."""
    return json.dumps(message.blocks, ensure_ascii=False).replace("\\n", "\n")
