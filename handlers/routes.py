"""The route table: every command, event, button and form, and who handles it. The manifest is held to it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltContext

from handlers import actions, ask, commands, datasets, errors, files, home, mending, remedies, training
from handlers.services import Services

log = logging.getLogger(__name__)

Handler = Callable[..., Awaitable[None]]

COMMANDS: dict[str, Handler] = {"/ft": commands.ft, "/ask": ask.ask}

ACTIONS: dict[str, Handler] = {
    "train_dataset": actions.train_dataset,
    "dataset": training.chosen,
    "validation": training.chosen,
    "train_anyway": training.anyway_typed,
    "train_not": actions.keep,
    "show_job": actions.show_job,
    "job_events": actions.job_events,
    "cancel_job": actions.cancel_job,
    "cancel_job_yes": actions.cancel_job,
    "keep_job": actions.keep,
    "delete_model": actions.delete_model,
    "delete_model_yes": actions.delete_model,
    "keep_model": actions.keep,
    "ask_model": actions.how_to_ask,
    "more_jobs": actions.more,
    "more_datasets": actions.more,
    "more_models": actions.more,
    "show_dataset": datasets.show,
    "show_examples": datasets.examples,
    "examples_before": datasets.examples,
    "examples_next": datasets.examples,
    "rename_dataset": datasets.ask_name,
    "share_dataset": datasets.ask_channel,
    "delete_dataset": datasets.delete,
    "send_rows": datasets.send,
    "send_original": datasets.send,
    "send_histogram": datasets.send,
    "stop_check": files.stop,
    "check_again": files.again,
    "redact_file": remedies.redact,
    "accept_file": remedies.accept,
    "convert_file": remedies.ask_convert,
    "preview_conversion": remedies.preview,
    "fix_rows": mending.begin,
    "fix_drop": mending.decided,
    "fix_next": mending.decided,
    "fix_before": mending.decided,
    "fix_go": mending.decided,
    "fix_again": mending.decided,
    "fix_send": mending.decided,
    "fix_over": mending.decided,
}

OPTIONS: dict[str, Handler] = {
    "dataset": training.suggest_datasets,
    "validation": training.suggest_datasets,
    "base": training.suggest_bases,
}

VIEWS: dict[str, Handler] = {
    "train": training.submitted,
    "train_anyway": training.anyway,
    "rename_dataset": datasets.renamed,
    "share_dataset": datasets.shared,
    "convert_file": remedies.convert,
    "fix_row": mending.saved,
    "fix_done": mending.done,
}

#: The events that the manifest subscribes to, as Slack names the subscriptions.
EVENTS = (
    "app_home_opened",
    "app_mention",
    "file_shared",
    "message.channels",
    "message.groups",
    "message.im",
)


def register(app: AsyncApp, services: Services) -> None:
    """Put every handler on the app. Of the message events the narrow one comes first: the first wins."""

    async def provide(
        context: AsyncBoltContext, body: dict[str, Any], next_: Callable[[], Awaitable[None]]
    ) -> None:
        services.put_on(context, body)
        await next_()

    app.use(provide)
    app.use(once)
    for name, handler in COMMANDS.items():
        app.command(name)(handler)
    for name, handler in ACTIONS.items():
        app.action(name)(handler)
    for name, handler in OPTIONS.items():
        app.options(name)(handler)
    for name, handler in VIEWS.items():
        app.view(name)(handler)
    drop = [files.put_on_record]
    app.event("file_shared", middleware=drop)(files.work)
    app.event({"type": "message", "subtype": "file_share"}, middleware=drop)(files.work)
    app.event("message", matchers=[carries_files], middleware=drop)(files.work)
    app.event("message", matchers=[direct])(home.spoken_to)
    app.event("message")(home.nothing)
    app.event("app_mention", matchers=[carries_files], middleware=drop)(files.asked_about)
    app.event("app_mention")(home.spoken_to)
    app.event("app_home_opened")(home.opened)
    app.error(errors.on_error)


async def carries_files(event: dict[str, Any]) -> bool:
    """Whether a new message brings files, whatever it is called."""
    return bool(event.get("files")) and not event.get("subtype")


async def direct(event: dict[str, Any]) -> bool:
    """Whether a message was written to the bot alone."""
    return event.get("channel_type") == "im"


async def once(
    body: dict[str, Any],
    context: AsyncBoltContext,
    services: Services,
    next_: Callable[[], Awaitable[None]],
) -> BoltResponse | None:
    """What Slack delivers a second time is acknowledged and not done again.

    Files and forms are left out: they are on record under ids of their own, and a form's second
    delivery needs the first one's answer.
    """
    key = _key(body)
    workspace = context["person"].workspace
    if key:
        async with services.store.begin() as tx:
            if not await tx.deeds.first(workspace, key, services.now()):
                log.info("a second delivery of %s was acknowledged and not done again", key)
                return BoltResponse(status=200, body="")
    await next_()
    return None


def _key(body: dict[str, Any]) -> str | None:
    """What makes two deliveries the same one."""
    if "event_id" in body:
        event = body.get("event", {})
        is_file = event.get("type") == "file_shared" or bool(event.get("files"))
        return None if is_file else f"event:{body['event_id']}"
    if body.get("type") == "block_actions" or "command" in body:
        return f"trigger:{body['trigger_id']}" if body.get("trigger_id") else None
    return None
