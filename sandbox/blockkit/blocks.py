"""The blocks: the fields of each and the surfaces that it may stand on."""

from typing import Any

from .elements import IMAGE, IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION
from .newer import ALERT, CARD, CAROUSEL, DATA_TABLE, DATA_VISUALIZATION, PLAN, RICH_TEXT, TABLE, TASK_CARD
from .objects import BLOCK_ID, SLACK_FILE, URL, plain, text
from .rules import (
    Check,
    Report,
    array,
    at_least_one,
    boolean,
    by_type,
    one_of,
    only_one,
    shape,
    string,
)

CONTEXT_ITEM = by_type({"image": IMAGE, "plain_text": text(3000), "mrkdwn": text(3000)})


def _block(required: dict[str, Check] | None = None, /, *also: Check, **optional: Check) -> Check:
    return shape(required or {}, {"block_id": BLOCK_ID, **optional}, also)


BASIC: dict[str, Check] = {
    "section": _block(
        None,
        at_least_one("text", "fields"),
        text=text(3000),
        fields=array(text(2000), 10),
        accessory=by_type(IN_SECTION),
        expand=boolean,
    ),
    "header": _block({"text": plain(150)}),
    "divider": _block(),
    "context": _block({"elements": array(CONTEXT_ITEM, 10)}),
    "actions": _block({"elements": array(by_type(IN_ACTIONS), 25)}),
    "image": _block(
        {"alt_text": string(2000)},
        only_one("image_url", "slack_file"),
        image_url=URL,
        slack_file=SLACK_FILE,
        title=plain(2000),
    ),
    "input": _block(
        {"label": plain(2000), "element": by_type(IN_INPUT)},
        hint=plain(2000),
        optional=boolean,
        dispatch_action=boolean,
    ),
    "rich_text": RICH_TEXT,
    "video": _block(
        {"alt_text": string(), "title": plain(200), "thumbnail_url": URL, "video_url": URL},
        author_name=string(50),
        description=plain(200),
        provider_icon_url=URL,
        provider_name=string(),
        title_url=URL,
    ),
    "file": _block({"external_id": string(), "source": one_of("remote")}),
}
MESSAGE_ONLY: dict[str, Check] = {
    "markdown": _block({"text": string(12_000)}),
    "table": TABLE,
    "data_table": DATA_TABLE,
    "data_visualization": DATA_VISUALIZATION,
    "task_card": TASK_CARD,
    "plan": PLAN,
    "card": CARD,
    "carousel": CAROUSEL,
    "context_actions": _block({"elements": array(by_type(IN_CONTEXT_ACTIONS), 5)}),
}
CHILDREN = array(by_type({**BASIC, **MESSAGE_ONLY}), 10)
CONTAINER = _block(
    {"child_blocks": CHILDREN},
    at_least_one("title", "rich_text_title"),
    title=plain(150),
    rich_text_title=RICH_TEXT,
    subtitle=text(150),
    width=one_of("narrow", "standard", "wide", "full"),
    icon=IMAGE,
    is_collapsible=boolean,
    default_collapsed=boolean,
    has_header_divider=boolean,
)
SURFACES: dict[str, dict[str, Check]] = {
    "message": {**BASIC, **MESSAGE_ONLY, "container": CONTAINER},
    "modal": {**BASIC, "alert": ALERT},
    "home": {**BASIC},
}
MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}


def check_blocks(report: Report, blocks: Any, at: str) -> None:
    """Checks an array of blocks for the report's surface, with the rules that reach across blocks."""
    array(by_type(SURFACES[report.surface]), MOST_BLOCKS[report.surface], least=0)(report, blocks, at)
    if report.problems:
        return
    _check_ids(report, blocks, at)
    if report.surface == "message":
        _check_totals(report, blocks, at)


def _check_ids(report: Report, blocks: list[dict[str, Any]], at: str) -> None:
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id and block_id in report.block_ids:
            report.add(f'`block_id` "{block_id}" already exists', f"{at}/{index}/block_id")
        report.block_ids.add(block_id or "")
        seen: set[str] = set()
        for place, element in enumerate(block.get("elements") or ()):
            action_id = element.get("action_id") if isinstance(element, dict) else None
            if action_id and action_id in seen:
                where = f"{at}/{index}/elements/{place}/action_id"
                report.add(f'`action_id` "{action_id}" already exists for block_id', where)
            seen.add(action_id or "")


def _check_totals(report: Report, blocks: list[dict[str, Any]], at: str) -> None:
    if sum(len(b["text"]) for b in blocks if b["type"] == "markdown") > 12_000:
        report.add("markdown blocks must be less than 12001 characters in all", at)
    kinds = [block["type"] for block in blocks]
    if kinds.count("table") > 1:
        report.add("only_one_table_allowed", at)
    if kinds.count("data_visualization") > 2:
        report.add("no more than 2 data_visualization blocks allowed", at)
