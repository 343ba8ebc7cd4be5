"""files.*: the external upload in its three steps, looking files up, deleting them."""

from typing import Any

from ..workspace import files
from ..workspace.errors import SlackError, invalid_arguments
from ..workspace.records import JSON, Channel, File
from ..workspace.sharing import share
from .call import Call
from .content import thread_of

MOST_BYTES = 1_000_000_000


def get_upload_url(call: Call) -> JSON:
    name = call.need("filename")
    try:
        length = int(call.need("length"))
    except ValueError:
        raise invalid_arguments("length must be an integer") from None
    if length < 1:
        raise invalid_arguments("length must be more than 0")
    if length > MOST_BYTES:
        raise SlackError("file_upload_size_restricted")
    snippet = bool(call.text("snippet_type"))
    file = files.reserve(call.ws, call.bot, name, length, alt_text=call.text("alt_txt"), snippet=snippet)
    return {"upload_url": f"{call.ws.base_url}/upload/v1/{file.upload_key}", "file_id": file.id}


def complete_upload(call: Call) -> JSON:
    uploaded = [_uploaded(call, entry) for entry in _entries(call)]
    names = [*call.text("channels").split(","), call.text("channel_id")]
    channels: list[Channel] = [call.writable(name.strip()) for name in names if name.strip()]
    thread_ts = call.text("thread_ts")
    threads = [thread_of(call.ws, channel.id, thread_ts) for channel in channels]
    if not channels:
        uploaded = [files.created(call.ws, file) for file in uploaded]
    for channel, thread in zip(channels, threads, strict=True):
        current = [call.ws.files[file.id] for file in uploaded]
        share(call.ws, current, channel, call.bot, call.text("initial_comment"), thread, call.app.id)
    return {"files": [files.file_json(call.ws, call.ws.files[file.id]) for file in uploaded]}


def _entries(call: Call) -> list[Any]:
    entries = call.data("files")
    if not isinstance(entries, list) or not entries:
        raise invalid_arguments("missing required field: files")
    return entries


def _uploaded(call: Call, entry: Any) -> File:
    """The file of one entry: reserved by this app and with its bytes arrived."""
    file = call.ws.files.get(entry.get("id")) if isinstance(entry, dict) else None
    if file is None or file.user != call.bot or file.state != "uploaded":
        raise SlackError("file_not_found")
    return files.retitle(call.ws, file, str(entry.get("title") or file.title))


def _visible(call: Call) -> File:
    """A file that the app can see: its own, or shared where the app is a member."""
    file = files.usable(call.ws, call.need("file"))
    if not files.readable(call.ws, file, call.bot):
        raise SlackError("file_not_found")
    return file


def info(call: Call) -> JSON:
    file = _visible(call)
    return {
        "file": files.file_json(call.ws, file),
        "comments": [],
        "response_metadata": {"next_cursor": ""},
    }


def list_all(call: Call) -> JSON:
    user, channel = call.text("user"), call.text("channel")
    found = [
        file
        for file in reversed(list(call.ws.files.values()))
        if file.state == "shared"
        and (not user or file.user == user)
        and (not channel or channel in file.channels)
        and files.readable(call.ws, file, call.bot)
    ]
    count, page = call.number("count", 100, 1000), call.number("page", 1, 100)
    shown = found[(page - 1) * count : page * count]
    paging = {"count": count, "total": len(found), "page": page, "pages": -(-len(found) // count)}
    return {"files": [files.file_json(call.ws, file) for file in shown], "paging": paging}


def delete(call: Call) -> JSON:
    file = _visible(call)
    if file.user != call.bot:
        raise SlackError("cant_delete_file")
    files.delete(call.ws, file)
    return {}
