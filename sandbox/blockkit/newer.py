"""The blocks of recent years: tables, charts, task cards, plans, cards and alerts."""

from typing import Any

from .elements import BUTTON, ICON_BUTTON, IMAGE
from .objects import BLOCK_ID, text
from .rules import (
    Check,
    Report,
    anything,
    array,
    at_least_one,
    boolean,
    by_type,
    integer,
    number,
    one_of,
    shape,
    string,
)

ID: dict[str, Check] = {"block_id": BLOCK_ID}
RICH_PARTS = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
INLINE = (
    *("text", "link", "user", "usergroup", "channel", "emoji", "broadcast", "date", "color", "team"),
    *("attachment_mention", "file", "message_mention"),
)


def _inline(report: Report, value: Any, at: str) -> None:
    by_type(dict.fromkeys(INLINE, anything))(report, value, at)


def _rich_part(report: Report, value: Any, at: str) -> None:
    fields: dict[str, Check] = {"border": integer(0, 1), "indent": integer(0, 8), "offset": integer(0)}
    fields |= {"style": one_of("bullet", "ordered"), "language": string()}
    inner: Check = array(_inline, least=0)
    if value.get("type") == "rich_text_list":
        inner = array(by_type({"rich_text_section": _rich_part}), least=0)
    shape({"elements": inner}, fields)(report, value, at)


RICH_TEXT = shape({"elements": array(by_type(dict.fromkeys(RICH_PARTS, _rich_part)), least=0)}, ID)
RAW_TEXT = shape({"text": string(least=0)})
RAW_NUMBER = shape({"value": number}, {"text": string()})
CELL = by_type({"raw_text": RAW_TEXT, "raw_number": RAW_NUMBER, "rich_text": RICH_TEXT})
COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})
TABLE = shape(
    {"rows": array(array(CELL, 20), 100)},
    {**ID, "column_settings": array(COLUMN, 20, least=0)},
)


def _even_rows(report: Report, value: Any, at: str) -> None:
    rows = value.get("rows")
    if isinstance(rows, list) and len({len(row) for row in rows if isinstance(row, list)}) > 1:
        report.add("every row must have the same number of cells", f"{at}/rows")


def _plain_header(report: Report, value: Any, at: str) -> None:
    rows = value.get("rows")
    header = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], list) else []
    if any(isinstance(cell, dict) and cell.get("type") == "rich_text" for cell in header):
        report.add("rich_text is not allowed in the header row", f"{at}/rows/0")


DATA_TABLE = shape(
    {"caption": string(), "rows": array(array(CELL, 20), 101, least=2)},
    {**ID, "page_size": integer(1, 100), "row_header_column_index": integer(0, 19)},
    [_even_rows, _plain_header],
)

POINT = shape({"label": string(20), "value": number})
SERIES = shape({"name": string(20), "data": array(POINT, 20)})
AXES = shape({"categories": array(string(20), 20)}, {"x_label": string(50), "y_label": string(50)})


def _points_match_categories(report: Report, value: Any, at: str) -> None:
    """Each series has one value for each category, and no two series share a name."""
    if report.problems:
        return
    categories = sorted(value["axis_config"]["categories"])
    if len(set(categories)) < len(categories):
        report.add("categories must be unique", f"{at}/axis_config/categories")
    names = [series["name"] for series in value["series"]]
    if len(set(names)) < len(names):
        report.add("series names must be unique", f"{at}/series")
    for index, series in enumerate(value["series"]):
        if sorted(point["label"] for point in series["data"]) != categories:
            report.add("data labels must match the axis categories", f"{at}/series/{index}/data")


def _positive(report: Report, value: Any, at: str) -> None:
    if isinstance(value.get("value"), int | float) and value["value"] <= 0:
        report.add("must be greater than 0", f"{at}/value")


PLOT = shape({"series": array(SERIES, 12), "axis_config": AXES}, {}, [_points_match_categories])
SEGMENT = shape({"label": string(20), "value": number}, {}, [_positive])
CHART = by_type({"line": PLOT, "bar": PLOT, "area": PLOT, "pie": shape({"segments": array(SEGMENT, 12)})})
DATA_VISUALIZATION = shape({"title": string(50), "chart": CHART}, ID)

STATUS = one_of("pending", "in_progress", "complete", "error")
SOURCE = shape({"url": string(), "text": string()})
TASK_CARD = shape(
    {"task_id": string(), "title": string()},
    {
        **ID,
        "status": STATUS,
        "details": RICH_TEXT,
        "output": RICH_TEXT,
        "sources": array(SOURCE, least=0),
        "icon": anything,
        "hide_title": boolean,
    },
)


def _unique_tasks(report: Report, value: Any, at: str) -> None:
    ids = [task.get("task_id") for task in value.get("tasks") or () if isinstance(task, dict)]
    if len(set(ids)) < len(ids):
        report.add("task_id must be unique within a plan", f"{at}/tasks")


PLAN = shape({"title": string()}, {**ID, "tasks": array(TASK_CARD, 50, least=0)}, [_unique_tasks])
ALERT = shape({"text": text(200)}, {**ID, "level": one_of("default", "info", "warning", "error", "success")})
CARD = shape(
    {},
    {
        **ID,
        "hero_image": IMAGE,
        "icon": IMAGE,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "actions": array(by_type({"button": BUTTON, "icon_button": ICON_BUTTON}), 5),
    },
    [at_least_one("hero_image", "title", "actions", "body")],
)
CAROUSEL = shape({"elements": array(by_type({"card": CARD}), 10)}, ID)
