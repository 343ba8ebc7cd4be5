"""Between what a person types and what Slack stores: escapes, mentions, links, and the rich_text block."""

import re
from typing import Any

from .state import Workspace

TOKEN = re.compile(r"<([@#!]?)([^<>|\n]+)(?:\|([^<>\n]*))?>")
KNOWN = re.compile(
    r"<(?:@[UW][A-Z0-9]+|#[CGD][A-Z0-9]+|![a-z]+|https?://[^<>\s]+|mailto:[^<>\s]+)(?:\|[^<>\n]*)?>"
)
NAMED = re.compile(r"(?<![\w<&])(?:@(?P<person>[a-z0-9][a-z0-9._-]*)|#(?P<channel>[a-z0-9][a-z0-9_-]*))")
LINK = re.compile(r"(?<![<|\w])https?://[^\s<>|]+")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(ws: Workspace, text: str) -> str:
    """What Slack makes of typed text: mentions and links in angle brackets, everything else escaped.

    `@ben` and `#general` become mentions where they exist; `<@U...>` and its like are kept, so that
    a caller may write a mention outright.
    """
    parts, end = [], 0
    for match in KNOWN.finditer(text):
        parts += [_plain(ws, text[end : match.start()]), match.group()]
        end = match.end()
    return "".join([*parts, _plain(ws, text[end:])])


def _plain(ws: Workspace, text: str) -> str:
    def mention(match: re.Match[str]) -> str:
        if name := match["person"]:
            if name in ("here", "channel", "everyone"):
                return f"<!{name}>"
            stem = name.rstrip("._-")
            person = next((p for p in ws.people.values() if p.name in (name, stem)), None)
            return f"<@{person.id}>{name[len(person.name) :]}" if person else match.group()
        channel = next((c for c in ws.channels.values() if c.name == match["channel"]), None)
        return f"<#{channel.id}|{channel.name}>" if channel else match.group()

    return NAMED.sub(mention, LINK.sub(lambda m: f"<{m.group()}>", escape(text)))


def mentioned(text: str) -> set[str]:
    """The ids of the people whom a message mentions."""
    return {match[2] for match in TOKEN.finditer(text) if match[1] == "@"}


def rich_text(text: str, block_id: str) -> dict[str, Any]:
    """The rich_text block that Slack adds to a person's message."""
    elements: list[dict[str, Any]] = []
    end = 0
    for match in TOKEN.finditer(text):
        _add_text(elements, text[end : match.start()])
        elements.append(_token(match))
        end = match.end()
    _add_text(elements, text[end:])
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def _add_text(elements: list[dict[str, Any]], text: str) -> None:
    if text:
        elements.append({"type": "text", "text": unescape(text)})


def _token(match: re.Match[str]) -> dict[str, Any]:
    sign, target, label = match.groups()
    if sign == "@":
        return {"type": "user", "user_id": target}
    if sign == "#":
        return {"type": "channel", "channel_id": target}
    if sign == "!":
        return {"type": "broadcast", "range": target}
    link = {"type": "link", "url": unescape(target)}
    return {**link, "text": unescape(label)} if label else link
