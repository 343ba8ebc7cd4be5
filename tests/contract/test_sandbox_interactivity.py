"""Buttons, selects, modals, Home and response URLs, with a Bolt app on the other side."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from sandbox.client import ControlError, until
from tests.fakes.slack_apps import MODAL, bolt_app, over_socket, refused
from tests.fakes.slack_workspace import Clock, SlackWorkspace, open_workspace

GENERAL = "C0GENERAL1"
ANA = "U0ANA00001"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def workspace(clock: Clock) -> AsyncIterator[SlackWorkspace]:
    async with open_workspace(clock=clock) as started:
        yield started


@pytest.fixture
async def app(workspace: SlackWorkspace) -> AsyncIterator[AsyncApp]:
    """A running app; tests add their listeners to it."""
    app = bolt_app(workspace)
    async with over_socket(workspace, app):
        yield app


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def option(text: str, value: str) -> dict[str, Any]:
    return {"text": plain(text), "value": value}


CARD: list[dict[str, Any]] = [
    {
        "type": "actions",
        "block_id": "card",
        "elements": [
            {"type": "button", "action_id": "go", "text": plain("Go"), "value": "42", "style": "primary"},
            {
                "type": "static_select",
                "action_id": "model",
                "options": [option("Small", "s"), option("Large", "l")],
            },
            {"type": "external_select", "action_id": "dataset", "min_query_length": 0},
            {"type": "overflow", "action_id": "more", "options": [option("Delete", "delete")]},
        ],
    }
]


async def post_card(workspace: SlackWorkspace, app: AsyncApp) -> dict[str, Any]:
    await app.client.chat_postMessage(channel=GENERAL, text="card", blocks=CARD)
    return (await workspace.ana.channel("general"))[-1]


async def test_a_press_carries_source_state_and_trigger(workspace, app):
    got: list[dict[str, Any]] = []

    @app.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        got.append(body)
        await ack()

    card = await post_card(workspace, app)
    assert (await workspace.ana.press(card, "go"))["ok"]
    body = got[0]
    assert body["container"] == {
        "type": "message",
        "message_ts": card["ts"],
        "channel_id": GENERAL,
        "is_ephemeral": False,
    }
    assert body["message"]["ts"] == card["ts"]
    assert body["channel"] == {"id": GENERAL, "name": "general"}
    assert body["user"]["id"] == ANA
    action = body["actions"][0]
    assert (action["type"], action["value"], action["block_id"]) == ("button", "42", "card")
    assert body["state"]["values"]["card"]["model"]["selected_option"] is None


async def test_a_choice_is_remembered_in_the_state(workspace, app):
    got: list[dict[str, Any]] = []

    @app.action("model")
    async def model(ack: Any, body: dict[str, Any]) -> None:
        await ack()

    @app.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        got.append(body["state"]["values"]["card"]["model"]["selected_option"]["value"])
        await ack()

    card = await post_card(workspace, app)
    await workspace.ana.press(card, "model", "Large")
    await workspace.ana.press(card, "go")
    assert got == ["l"]


async def test_an_external_select_asks_the_app(workspace, app):
    chosen: list[str] = []

    @app.options("dataset")
    async def datasets(ack: Any, payload: dict[str, Any]) -> None:
        names = [name for name in ("news", "novels", "poems") if name.startswith(payload["value"])]
        await ack(options=[option(name, name) for name in names])

    @app.action("dataset")
    async def pick(ack: Any, action: dict[str, Any]) -> None:
        chosen.append(action["selected_option"]["value"])
        await ack()

    card = await post_card(workspace, app)
    assert [o["value"] for o in await workspace.ana.suggest(card, "dataset", "n")] == ["news", "novels"]
    await workspace.ana.press(card, "dataset", "poems")
    assert chosen == ["poems"]
    with pytest.raises(ControlError, match="option_not_found"):
        await workspace.ana.press(card, "dataset", "essays")


async def test_options_that_slack_would_not_show_are_an_error(workspace, app):
    @app.options("dataset")
    async def datasets(ack: Any) -> None:
        await ack(options=[option("x" * 76, "x")])

    card = await post_card(workspace, app)
    with pytest.raises(ControlError, match="must be less than 76 characters"):
        await workspace.ana.suggest(card, "dataset")


async def test_pressing_what_is_not_there_names_what_is(workspace, app):
    card = await post_card(workspace, app)
    with pytest.raises(ControlError, match=r"element_not_found.*'go'"):
        await workspace.ana.press(card, "gone")


async def test_a_button_can_be_pressed_though_its_message_was_edited_since_it_was_looked_at(workspace, app):
    pressed = []

    @app.action("go")
    async def go(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        pressed.append(action["block_id"])

    card = await post_card(workspace, app)
    (seen,) = [block["block_id"] for block in card["blocks"] if block["type"] == "actions"]
    plain = [{name: part for name, part in block.items() if name != "block_id"} for block in card["blocks"]]
    edited = await app.client.chat_update(channel=card["channel"], ts=card["ts"], blocks=plain, text="edited")
    (now,) = [b["block_id"] for b in edited["message"]["blocks"] if b["type"] == "actions"]
    await workspace.ana.press(card, "go", block_id=seen)
    assert seen != now
    assert pressed == [now]


async def open_modal(
    workspace: SlackWorkspace, app: AsyncApp, view: dict[str, Any] = MODAL
) -> dict[str, Any]:
    @app.command("/open")
    async def command(ack: Any, command: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=view)

    await workspace.ana.command("general", "/open")
    return await workspace.ana.modal()


async def test_a_modal_complains_before_anything_is_sent(workspace, app):
    await open_modal(workspace, app)
    answer = await workspace.ana.submit({"epochs": "11"})
    assert answer["errors"] == {
        "name": "Please complete this required field.",
        "epochs": "Please enter a number of at most 10.",
    }
    assert await workspace.control.exchanges("view_submission") == []


async def test_the_app_may_answer_with_errors_then_accept(workspace, app):
    @app.view("train")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        if view["state"]["values"]["name"]["name_input"]["value"] == "taken":
            await ack(response_action="errors", errors={"name": "That name is taken."})
        else:
            await ack()

    await open_modal(workspace, app)
    assert (await workspace.ana.submit({"name": "taken"}))["errors"] == {"name": "That name is taken."}
    answer = await workspace.ana.submit({"name": "free"})
    assert answer["ok"]
    assert answer["modals"] == []


async def test_errors_for_a_block_that_does_not_exist_are_an_error(workspace, app):
    @app.view("train")
    async def submitted(ack: Any) -> None:
        await ack(response_action="errors", errors={"nowhere": "x"})

    await open_modal(workspace, app)
    answer = await workspace.ana.submit({"name": "x"})
    assert (answer["ok"], answer["error"]) == (False, "invalid_errors")


async def test_modals_stack_update_and_close(workspace, app):
    second = {**MODAL, "callback_id": "second", "notify_on_close": True}
    closed: list[str] = []

    @app.view("train")
    async def submitted(ack: Any) -> None:
        await ack(response_action="push", view=second)

    @app.view("second")
    async def updated(ack: Any) -> None:
        await ack(response_action="update", view={**second, "title": plain("Updated")})

    @app.view_closed("second")
    async def on_close(ack: Any, view: dict[str, Any]) -> None:
        closed.append(view["callback_id"])
        await ack()

    await open_modal(workspace, app)
    stacked = (await workspace.ana.submit({"name": "x"}))["modals"]
    assert [view["callback_id"] for view in stacked] == ["train", "second"]
    assert stacked[1]["previous_view_id"] == stacked[0]["id"] == stacked[1]["root_view_id"]
    top = (await workspace.ana.submit({"name": "y"}))["modals"][-1]
    assert top["title"]["text"] == "Updated"
    left = (await workspace.ana.close())["modals"]
    assert [view["callback_id"] for view in left] == ["train"]
    assert closed == ["second"]


async def test_views_update_takes_the_hash_into_account(workspace, app):
    view = await open_modal(workspace, app)
    await app.client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    with refused("hash_conflict"):
        await app.client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    with refused("not_found"):
        await app.client.views_update(view_id="V0NOWHERE1", view=MODAL)


async def test_an_invalid_view_says_where(workspace, app):
    with refused("invalid_arguments") as answer:
        await app.client.views_open(trigger_id="1.2.3", view={**MODAL, "title": plain("x" * 25)})
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]


async def trigger_of(workspace: SlackWorkspace, app: AsyncApp) -> str:
    got: list[str] = []

    @app.command("/trigger")
    async def command(ack: Any, command: dict[str, Any]) -> None:
        got.append(command["trigger_id"])
        await ack()

    await workspace.ana.command("general", "/trigger")
    return got[0]


async def test_a_trigger_works_once(workspace, app):
    trigger = await trigger_of(workspace, app)
    await app.client.views_open(trigger_id=trigger, view=MODAL)
    with refused("exchanged_trigger_id"):
        await app.client.views_open(trigger_id=trigger, view=MODAL)
    with refused("invalid_trigger_id"):
        await app.client.views_open(trigger_id="1.2.3", view=MODAL)


async def test_a_trigger_expires_after_three_seconds(workspace, app, clock):
    trigger = await trigger_of(workspace, app)
    clock.now += 3.1
    with refused("expired_trigger_id"):
        await app.client.views_open(trigger_id=trigger, view=MODAL)


async def test_a_file_put_into_a_modal_may_be_read_by_its_app(workspace, app):
    got: list[Any] = []

    @app.view("train")
    async def submitted(ack: Any, view: dict[str, Any], client: Any) -> None:
        await ack()
        given = view["state"]["values"]["data"]["upload"]["files"][0]
        got.append((await client.files_info(file=given["id"]))["file"]["name"])

    field = {"type": "input", "block_id": "data", "label": plain("Data"), "optional": True}
    field["element"] = {"type": "file_input", "action_id": "upload", "max_files": 1}
    await open_modal(workspace, app, {**MODAL, "blocks": [field]})
    query = {"as": "ana", "name": "rows.jsonl"}
    uploaded = await workspace.control._call("POST", "upload", params=query, data=b"{}")
    with refused("file_not_found"):
        await app.client.files_info(file=uploaded["file"]["id"])
    assert (await workspace.ana.submit({"data": [uploaded["file"]["id"]]}))["ok"]

    async def read() -> bool:
        return got == ["rows.jsonl"]

    await until(read)


async def test_home_is_published_when_it_is_opened(workspace, app):
    @app.event("app_home_opened")
    async def opened(event: dict[str, Any], client: Any) -> None:
        blocks = [{"type": "section", "text": plain(f"Hello {event['user']} on {event['tab']}")}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    await workspace.ana.open_home()
    view = await until(workspace.ana.home)
    assert view["blocks"][0]["text"]["text"] == f"Hello {ANA} on home"
    assert await workspace.ben.home() is None


async def test_a_response_url_works_five_times(workspace, app):
    got: list[int] = []

    @app.command("/ft")
    async def ft(ack: Any, respond: Any) -> None:
        await ack()
        for n in range(6):
            got.append((await respond(f"note {n}")).status_code)

    await workspace.ana.command("general", "/ft")

    async def done() -> bool:
        return len(got) == 6

    await until(done)
    assert got == [200] * 5 + [404]
    assert len(await workspace.ana.notes()) == 5


async def test_a_response_url_lives_half_an_hour(workspace, app, clock):
    card = await post_card(workspace, app)
    got: list[Any] = []

    @app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        got.append(respond)

    await workspace.ana.press(card, "go")
    respond = got[0]
    assert (await respond("replaced", replace_original=True)).status_code == 200
    assert [m["text"] for m in await workspace.ana.channel("general")] == ["replaced"]
    clock.now += 1801
    answer = await respond(delete_original=True)
    assert (answer.status_code, "expired_url" in answer.body) == (404, True)


async def test_an_in_channel_response_is_seen_by_everybody_and_the_original_can_go(workspace, app):
    card = await post_card(workspace, app)
    done: list[bool] = []

    @app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond("for all", response_type="in_channel")
        await respond(delete_original=True)
        done.append(True)

    await workspace.ana.press(card, "go")

    async def finished() -> bool:
        return bool(done)

    await until(finished)
    assert [m["text"] for m in await workspace.ben.channel("general")] == ["for all"]


async def test_a_button_in_an_ephemeral_message_can_replace_it(workspace, app):
    @app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond("gone", replace_original=True)

    await app.client.chat_postEphemeral(channel=GENERAL, user=ANA, text="card", blocks=CARD)
    note = (await workspace.ana.notes())[0]
    await workspace.ana.press(note, "go")

    async def replaced() -> bool:
        return [n["text"] for n in await workspace.ana.notes()] == ["gone"]

    await until(replaced)


async def test_redelivering_a_click_sends_the_same_payload_again(workspace, app):
    got: list[str] = []

    @app.action("go")
    async def go(ack: Any, action: dict[str, Any]) -> None:
        got.append(action["action_ts"])
        await ack()

    card = await post_card(workspace, app)
    await workspace.ana.press(card, "go")
    press = (await workspace.control.exchanges("action"))[0]
    await workspace.control.redeliver(press["id"])

    async def twice() -> bool:
        return len(got) == 2

    await until(twice)
    assert got[0] == got[1]
