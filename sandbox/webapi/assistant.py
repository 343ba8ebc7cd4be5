"""assistant.threads.*: what an app says it is doing in a thread; it goes into the log and is not kept."""

from ..workspace.errors import SlackError, invalid_arguments
from ..workspace.people import visible
from ..workspace.records import JSON
from .call import Call

MOST_PROMPTS = 4


def _thread(call: Call) -> str:
    channel = visible(call.ws, call.need("channel_id"), call.bot)
    thread_ts = call.text("thread_ts")
    if thread_ts and f"{channel.id}/{thread_ts}" not in call.ws.messages:
        raise SlackError("invalid_thread_ts")
    return channel.id


def set_status(call: Call) -> JSON:
    if "status" not in call.args:
        raise invalid_arguments("missing required field: status")
    place = {"channel": _thread(call), "thread_ts": call.need("thread_ts")}
    call.ws.journal.add("assistant_status", **place, app_id=call.app.id, status=call.text("status"))
    return {}


def set_title(call: Call) -> JSON:
    place = {"channel": _thread(call), "thread_ts": call.need("thread_ts")}
    call.ws.journal.add("assistant_title", **place, app_id=call.app.id, title=call.need("title"))
    return {}


def set_prompts(call: Call) -> JSON:
    prompts = call.data("prompts")
    good = isinstance(prompts, list) and all(
        isinstance(prompt, dict) and prompt.get("title") and prompt.get("message") for prompt in prompts
    )
    if not good or not 1 <= len(prompts) <= MOST_PROMPTS:
        raise invalid_arguments("prompts must be 1 to 4 objects with title and message")
    call.ws.journal.add("assistant_prompts", channel=_thread(call), app_id=call.app.id, prompts=prompts)
    return {}
