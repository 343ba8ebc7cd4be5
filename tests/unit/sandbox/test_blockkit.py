"""Block Kit's limits, one by one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.blockkit.check import message_blocks, view
from sandbox.workspace.errors import SlackError


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def button(**fields: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **fields}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def options(count: int, length: int = 5) -> list[dict[str, Any]]:
    return [{"text": plain("x" * length), "value": str(n)} for n in range(count)]


def select(**fields: Any) -> dict[str, Any]:
    return actions({"type": "static_select", "action_id": "a", **fields})


def raw(text: str) -> dict[str, Any]:
    return {"type": "raw_text", "text": text}


def chart(points: int = 2, name: str = "loss", series: int = 1, value: float = 1.5) -> dict[str, Any]:
    categories = [str(n) for n in range(points)]
    data = [{"label": label, "value": value} for label in categories]
    lines = [{"name": f"{name}{n}", "data": data} for n in range(series)]
    return {
        "type": "data_visualization",
        "title": "Loss",
        "chart": {"type": "line", "series": lines, "axis_config": {"categories": categories}},
    }


RICH = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}],
}
TABLE = {"type": "data_table", "caption": "Jobs", "rows": [[raw("a"), raw("b")], [raw("1"), RICH]]}
TASK = {"task_id": "1", "title": "Look", "status": "complete"}
PIE = {
    "type": "data_visualization",
    "title": "p",
    "chart": {"type": "pie", "segments": [{"label": "a", "value": 1}]},
}

GOOD = [
    {"type": "section", "text": mrkdwn("x" * 3000), "accessory": button()},
    {"type": "section", "fields": [mrkdwn("x" * 2000)] * 10},
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    {"type": "context", "elements": [mrkdwn("x")] * 10},
    actions(*(button(action_id=str(n)) for n in range(25))),
    actions(
        button(
            value="x" * 2000,
            style="danger",
            confirm={k: plain("x") for k in ("title", "text", "confirm", "deny")},
        )
    ),
    select(options=options(100, 75)),
    {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "x"},
    {"type": "markdown", "text": "x" * 12_000},
    {"type": "table", "rows": [[raw("x")] * 20] * 100, "column_settings": [{"align": "right"}]},
    TABLE,
    chart(20, series=12),
    PIE,
    {"type": "plan", "title": "Steps", "tasks": [TASK]},
    {
        "type": "task_card",
        **TASK,
        "details": RICH,
        "sources": [{"type": "url", "url": "https://x.y", "text": "x"}],
    },
    {"type": "card", "title": mrkdwn("x"), "actions": [button()]},
    {"type": "carousel", "elements": [{"type": "card", "body": plain("x")}]},
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "f",
                "positive_button": {"text": plain("Good"), "value": "1"},
                "negative_button": {"text": plain("Bad"), "value": "0"},
            }
        ],
    },
    {"type": "container", "title": plain("x"), "child_blocks": [{"type": "divider"}]},
    RICH,
]


@pytest.mark.parametrize("block", GOOD, ids=lambda block: block["type"])
def test_what_slack_accepts_is_accepted(block):
    assert message_blocks([block])[0]["block_id"]


BAD = [
    ({"type": "section", "text": mrkdwn("x" * 3001)}, "must be less than 3001 characters", "/text/text"),
    ({"type": "section", "text": mrkdwn("")}, "must be more than 0 characters", "/text/text"),
    ({"type": "section"}, "missing required field: text", ""),
    ({"type": "section", "fields": [mrkdwn("x")] * 11}, "no more than 10 items allowed", "/fields"),
    ({"type": "section", "text": "x"}, "must provide an object", "/text"),
    ({"type": "section", "text": mrkdwn("x"), "colour": "red"}, "invalid additional property: colour", ""),
    ({"type": "header", "text": plain("x" * 151)}, "must be less than 151 characters", "/text/text"),
    ({"type": "header", "text": mrkdwn("x")}, "unsupported type: mrkdwn", "/text/type"),
    ({"type": "context", "elements": [mrkdwn("x")] * 11}, "no more than 10 items allowed", "/elements"),
    (actions(), "no less than 1 items allowed", "/elements"),
    (actions(*(button(action_id=str(n)) for n in range(26))), "no more than 25 items allowed", "/elements"),
    (actions(button(text=plain("x" * 76))), "must be less than 76 characters", "/elements/0/text/text"),
    (actions(button(value="x" * 2001)), "must be less than 2001 characters", "/elements/0/value"),
    (actions(button(style="green")), "must be one of primary, danger", "/elements/0/style"),
    (actions(button(action_id="x" * 256)), "must be less than 256 characters", "/elements/0/action_id"),
    (actions(button(), button()), '`action_id` "go" already exists for block_id', "/elements/1/action_id"),
    (select(options=options(101)), "no more than 100 items allowed", "/elements/0/options"),
    (select(options=options(1, 76)), "must be less than 76 characters", "/elements/0/options/0/text/text"),
    (select(), "must provide either options or option_groups", "/elements/0"),
    (
        select(options=options(2), initial_option={"text": plain("no"), "value": "9"}),
        "initial_option was not found in the options provided",
        "/elements/0/initial_option",
    ),
    (
        actions({"type": "overflow", "options": options(6)}),
        "no more than 5 items allowed",
        "/elements/0/options",
    ),
    (
        actions({"type": "datepicker", "initial_date": "1 May"}),
        "must be a valid date",
        "/elements/0/initial_date",
    ),
    ({"type": "image", "image_url": "https://x.y"}, "missing required field: alt_text", ""),
    ({"type": "alert", "text": plain("x")}, "unsupported type: alert", "/type"),
    ({"type": "nothing"}, "unsupported type: nothing", "/type"),
    ({"text": plain("x")}, "missing required field: type", ""),
    ({"type": "table", "rows": [[raw("x")] * 21]}, "no more than 20 items allowed", "/rows/0"),
    ({**TABLE, "rows": TABLE["rows"][:1]}, "no less than 2 items allowed", "/rows"),
    (
        {**TABLE, "rows": [[raw("a")], [raw("1"), raw("2")]]},
        "every row must have the same number of cells",
        "/rows",
    ),
    ({**TABLE, "rows": [[RICH], [raw("1")]]}, "rich_text is not allowed in the header row", "/rows/0"),
    (chart(21), "no more than 20 items allowed", "/chart/series/0/data"),
    (chart(name="x" * 21), "must be less than 21 characters", "/chart/series/0/name"),
    (chart(series=13), "no more than 12 items allowed", "/chart/series"),
    ({**chart(), "title": "x" * 51}, "must be less than 51 characters", "/title"),
    ({"type": "task_card", **TASK, "status": "completed"}, "must be one of pending", "/status"),
    ({"type": "plan", "title": "x", "tasks": [TASK, TASK]}, "task_id must be unique", "/tasks"),
    ({"type": "card"}, "missing required field: hero_image", ""),
]


@pytest.mark.parametrize(("block", "problem", "where"), BAD, ids=lambda value: str(value)[:40])
def test_what_slack_refuses_is_refused_with_its_place(block, problem, where):
    with pytest.raises(SlackError) as caught:
        message_blocks([block])
    assert caught.value.code == "invalid_blocks"
    messages = caught.value.extra["response_metadata"]["messages"]
    assert any(problem in m and f"[json-pointer:/blocks/0{where}]" in m for m in messages), messages


def test_a_message_holds_50_blocks_and_one_table_and_two_charts():
    assert len(message_blocks([{"type": "divider"}] * 50)) == 50
    for blocks in ([{"type": "divider"}] * 51, [TABLE_BLOCK] * 2, [chart()] * 3):
        with pytest.raises(SlackError, match="invalid_blocks"):
            message_blocks(blocks)


TABLE_BLOCK = {"type": "table", "rows": [[raw("x")]]}


def test_markdown_is_counted_over_all_blocks():
    with pytest.raises(SlackError, match="invalid_blocks"):
        message_blocks([{"type": "markdown", "text": "x" * 6001}] * 2)


def test_block_ids_must_differ():
    with pytest.raises(SlackError) as caught:
        message_blocks([{"type": "divider", "block_id": "a"}] * 2)
    assert '`block_id` "a" already exists' in caught.value.extra["errors"][0]


def modal(**fields: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("Title"), "blocks": [], **fields}


INPUT = {
    "type": "input",
    "label": plain("Name"),
    "element": {"type": "plain_text_input", "action_id": "a"},
}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters"),
        (modal(callback_id="x" * 256), "must be less than 256 characters"),
        (
            modal(blocks=[{"type": "divider"}] * 101),
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        (modal(blocks=[INPUT]), "missing required field: submit"),
        (modal(blocks=[{"type": "markdown", "text": "x"}]), "unsupported type: markdown"),
        ({"type": "modal", "blocks": []}, "missing required field: title"),
        ({"type": "workflow_step", "blocks": []}, "unsupported type: workflow_step"),
        ("{}", "must provide an object"),
    ],
)
def test_views_are_held_to_their_limits(body, problem):
    with pytest.raises(SlackError) as caught:
        view(body)
    assert caught.value.code == "invalid_arguments"
    assert problem in str(caught.value.extra)


def test_a_modal_may_hold_100_blocks_and_a_home_needs_no_title():
    assert len(view(modal(blocks=[{"type": "divider"}] * 100))["blocks"]) == 100
    assert view({"type": "home", "blocks": []}, "home")["blocks"] == []
    assert view(modal(blocks=[INPUT], submit=plain("Go")))["submit"]["emoji"] is True


def test_a_view_of_more_than_250_kilobytes_is_too_large():
    with pytest.raises(SlackError, match="view_too_large"):
        view(modal(blocks=[{"type": "section", "text": mrkdwn("x" * 3000)}] * 90))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "elements"]), inner)
    ),
    max_leaves=10,
)


def verdict(blocks: list[Any]) -> str:
    try:
        message_blocks(blocks)
    except SlackError as error:
        return error.code
    return "accepted"


@given(st.lists(st.sampled_from(GOOD) | JSON_VALUES, max_size=4))
def test_any_json_is_either_accepted_or_refused_with_slacks_code(blocks):
    assert verdict(blocks) in ("accepted", "invalid_blocks")


@given(st.sampled_from(GOOD), st.data())
def test_a_block_with_any_field_replaced_never_breaks_the_check(block, data):
    field = data.draw(st.sampled_from(sorted(block)))
    changed = {**block, field: data.draw(JSON_VALUES)}
    assert verdict([changed]) in ("accepted", "invalid_blocks")
