"""A small Bolt app that uses most of what Slack offers, for the page's tests and pictures."""

from typing import Any

from slack_bolt.async_app import AsyncApp

from sandbox.testing import SlackWorkspace
from tests.fakes.slack_apps import bolt_app

JSON = dict[str, Any]


def plain(text: str) -> JSON:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> JSON:
    return {"type": "mrkdwn", "text": text}


def option(text: str, value: str, **more: Any) -> JSON:
    return {"text": plain(text), "value": value, **more}


def cell(value: str | float) -> JSON:
    return (
        {"type": "raw_text", "text": value}
        if isinstance(value, str)
        else {"type": "raw_number", "value": value}
    )


STEPS = [str(step) for step in range(0, 120, 10)]


def curve(start: float, floor: float) -> list[JSON]:
    return [{"label": s, "value": round(start * 0.83**n + floor, 3)} for n, s in enumerate(STEPS)]


REPORT: list[JSON] = [
    {"type": "header", "text": plain("news_train.jsonl is ready :white_check_mark:")},
    {"type": "section", "text": mrkdwn("*Chat format* · kept as `news_train`, version 1, by <@U0ANA00001>")},
    {
        "type": "section",
        "fields": [
            mrkdwn("*Rows*\n120"),
            mrkdwn("*Tokens*\n18,432"),
            mrkdwn("*Price*\n$0.45"),
            mrkdwn("*Findings*\n4"),
        ],
    },
    {
        "type": "data_table",
        "caption": "Findings",
        "page_size": 3,
        "rows": [[cell("Row"), cell("Code"), cell("What to do")]]
        + [[cell(row), cell("long_row"), cell("Shorten it")] for row in (7, 31, 58, 90)],
    },
    {
        "type": "actions",
        "block_id": "report",
        "elements": [
            {
                "type": "button",
                "action_id": "train",
                "text": plain("Train"),
                "style": "primary",
                "value": "news",
            },
            {
                "type": "static_select",
                "action_id": "base",
                "placeholder": plain("Base model"),
                "options": [option("gpt-4.1-mini", "mini"), option("gpt-4.1-nano", "nano")],
            },
            {
                "type": "button",
                "action_id": "delete",
                "text": plain("Delete"),
                "style": "danger",
                "confirm": {
                    "title": plain("Delete the dataset?"),
                    "text": mrkdwn("`news_train` cannot be brought back."),
                    "confirm": plain("Delete"),
                    "deny": plain("Keep"),
                    "style": "danger",
                },
            },
        ],
    },
]
PROGRESS: list[JSON] = [
    {
        "type": "plan",
        "title": "Fine-tuning news",
        "tasks": [
            {"task_id": "1", "title": "Upload", "status": "complete"},
            {"task_id": "2", "title": "Train, 3 epochs", "status": "in_progress"},
            {"task_id": "3", "title": "Evaluate", "status": "pending"},
        ],
    },
    {
        "type": "data_visualization",
        "title": "Loss",
        "chart": {
            "type": "line",
            "series": [
                {"name": "train", "data": curve(2.2, 0.2)},
                {"name": "validation", "data": curve(2.3, 0.3)},
            ],
            "axis_config": {"categories": STEPS, "x_label": "Step", "y_label": "Loss"},
        },
    },
]
MODAL: JSON = {
    "type": "modal",
    "callback_id": "train",
    "title": plain("Train a model"),
    "submit": plain("Start training"),
    "blocks": [
        {
            "type": "input",
            "block_id": "dataset",
            "label": plain("Dataset"),
            "element": {
                "type": "external_select",
                "action_id": "dataset_search",
                "min_query_length": 0,
                "placeholder": plain("Search datasets"),
            },
        },
        {
            "type": "input",
            "block_id": "method",
            "label": plain("Method"),
            "element": {
                "type": "radio_buttons",
                "action_id": "method_choice",
                "options": [option("Supervised", "supervised"), option("Preference pairs", "dpo")],
                "initial_option": option("Supervised", "supervised"),
            },
        },
        {
            "type": "input",
            "block_id": "suffix",
            "label": plain("Suffix"),
            "hint": plain("Goes into the model's name"),
            "element": {"type": "plain_text_input", "action_id": "suffix_text"},
        },
    ],
}
HOME: JSON = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("Your jobs")},
        {
            "type": "section",
            "text": mrkdwn("*news* · running · step 110 of 360"),
            "accessory": {
                "type": "button",
                "action_id": "cancel",
                "text": plain("Cancel"),
                "style": "danger",
            },
        },
        {"type": "divider"},
        {"type": "context", "elements": [mrkdwn("Updated a moment ago")]},
    ],
}
ANSWER = "Most headlines about **transfers** are *Sports*.\n\n1. Sports\n2. World\n"


def example_app(workspace: SlackWorkspace) -> AsyncApp:
    app = bolt_app(workspace)
    for kind in ("message", "app_mention", "file_created", "file_shared"):
        app.event(kind)(_noted)
    app.event("app_home_opened")(_home)
    app.command("/ft")(_open_modal)
    app.command("/ask")(_ask)
    app.options("dataset_search")(_datasets)
    app.view("train")(_submitted)
    app.action("train")(_pressed)
    app.action("base")(_acknowledged)
    app.action("delete")(_deleted)
    app.action("cancel")(_acknowledged)
    return app


async def _noted(body: JSON) -> None:
    """Returning is acknowledging."""


async def _acknowledged(ack: Any) -> None:
    await ack()


async def _home(event: JSON, client: Any) -> None:
    await client.views_publish(user_id=event["user"], view=HOME)


async def _open_modal(ack: Any, command: JSON, client: Any) -> None:
    await ack()
    if command["text"] == "train":
        await client.views_open(trigger_id=command["trigger_id"], view=MODAL)


async def _pressed(ack: Any, body: JSON, client: Any) -> None:
    await ack()
    await client.views_open(trigger_id=body["trigger_id"], view=MODAL)


async def _deleted(ack: Any, body: JSON, respond: Any) -> None:
    await ack()
    if body["user"]["id"] == "U0ANA00001":
        await respond("Deleted.", replace_original=True)
    else:
        await respond("Only <@U0ANA00001> may delete this.", response_type="ephemeral")


async def _datasets(ack: Any, payload: JSON) -> None:
    names = [name for name in ("news_train", "novels", "support_tickets") if payload["value"] in name]
    await ack(options=[option(name, name) for name in names])


async def _submitted(ack: Any, view: JSON, client: Any) -> None:
    values = view["state"]["values"]
    suffix = values["suffix"]["suffix_text"]["value"]
    if suffix == "taken":
        await ack(response_action="errors", errors={"suffix": "That suffix is taken; choose another."})
        return
    await ack()
    dataset = values["dataset"]["dataset_search"]["selected_option"]["value"]
    text = f"Training `{suffix}` on `{dataset}`"
    posted = await client.chat_postMessage(channel="C0FINETUNE", text=text)
    await client.chat_postMessage(
        channel="C0FINETUNE", text="Progress", thread_ts=posted["ts"], blocks=PROGRESS
    )


async def _ask(ack: Any, command: JSON, client: Any) -> None:
    if not command["text"]:
        await ack("*Usage*: `/ask ft:... your question`")
        return
    await ack()
    place = command["channel_id"]
    question = await client.chat_postMessage(
        channel=place, text=f"<@{command['user_id']}> asked: {command['text']}"
    )
    recipient = {"recipient_team_id": command["team_id"], "recipient_user_id": command["user_id"]}
    stream = await client.chat_stream(channel=place, thread_ts=question["ts"], buffer_size=1, **recipient)
    for word in ANSWER.split(" "):
        await stream.append(markdown_text=f"{word} ")
    await stream.stop()
