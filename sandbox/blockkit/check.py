"""The front door of Block Kit's rules: is this message, this view acceptable, and if not, why?"""

import json
from typing import Any

from ..workspace.errors import SlackError
from ..workspace.ids import new_block_id
from .blocks import check_blocks
from .normal import normalised
from .objects import plain
from .rules import Report, anything, boolean, shape, string

VIEW_BYTES = 250_000
TEXTS = {"title": plain(24), "submit": plain(24), "close": plain(24)}
COMMON = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
}
MODAL = shape({"title": TEXTS["title"], "blocks": anything}, {**COMMON, **TEXTS, "submit_disabled": boolean})
HOME = shape({"blocks": anything}, {**COMMON, **TEXTS})


def message_blocks(blocks: Any, at: str = "/blocks") -> tuple[dict[str, Any], ...]:
    """The blocks of a message, complete with ids; raises `invalid_blocks` with one message per problem."""
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    report = Report(surface="message")
    check_blocks(report, blocks, at)
    if report.problems:
        messages = [f"[ERROR] {problem}" for problem in report.problems]
        raise SlackError("invalid_blocks", errors=report.problems, response_metadata={"messages": messages})
    return tuple(normalised(blocks, new_block_id))


def view(body: Any, kind: str | None = None) -> dict[str, Any]:
    """A view, complete with ids; raises `invalid_arguments` or `view_too_large`."""
    problems = view_problems(body, kind)
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise SlackError("invalid_arguments", response_metadata={"messages": messages})
    if len(json.dumps(body).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    complete = {**body, "blocks": normalised(body["blocks"], new_block_id)}
    for name in TEXTS.keys() & body.keys():
        complete[name] = body[name] and {"emoji": True, **body[name]}
    return complete


def view_problems(body: Any, kind: str | None) -> list[str]:
    """What is wrong with a view; `kind` is the only type that is allowed here, if there is one."""
    if not isinstance(body, dict):
        return ["must provide an object [json-pointer:/view]"]
    surface = body.get("type")
    if surface not in ("modal", "home") or (kind and surface != kind):
        return [f"unsupported type: {surface} [json-pointer:/view/type]"]
    report = Report(surface=surface)
    (MODAL if surface == "modal" else HOME)(report, body, "/view")
    check_blocks(report, body.get("blocks"), "/view/blocks")
    blocks = body.get("blocks") if isinstance(body.get("blocks"), list) else []
    has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks or ())
    if surface == "modal" and has_input and not body.get("submit"):
        report.add("missing required field: submit", "/view")
    return report.problems
