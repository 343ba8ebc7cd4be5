"""Files: from the handed-out upload URL to the message that shares them, and back down."""

import mimetypes
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from .errors import SlackError
from .ids import new_id
from .records import JSON, Channel, File
from .state import Workspace

PRETTY = {"json": "JSON", "text": "Plain Text", "csv": "CSV", "png": "PNG", "jpg": "JPEG", "pdf": "PDF"}
ALIASES = {"txt": "text", "log": "text", "": "text", "jpeg": "jpg", "py": "python", "js": "javascript"}


def file_type(name: str) -> tuple[str, str]:
    """Slack's filetype and mimetype for a name. Slack guesses too: a `.jsonl` is plain text to it."""
    suffix = Path(name).suffix.lower().removeprefix(".")
    if suffix == "jsonl":
        return "text", "text/plain"
    filetype = ALIASES.get(suffix, suffix)
    return filetype, mimetypes.guess_type(name)[0] or (
        "text/plain" if filetype == "text" else "binary/octet-stream"
    )


def reserve(ws: Workspace, user: str, name: str, size: int, **fields: Any) -> File:
    """A file that is announced but has no bytes yet, with the secret key of its upload URL."""
    filetype, mimetype = file_type(name)
    file = File(
        id=new_id("F"),
        name=name,
        title=name,
        user=user,
        size=size,
        mimetype=mimetype,
        filetype=filetype,
        created=int(ws.clock()),
        upload_key=secrets.token_urlsafe(24),
        **fields,
    )
    return ws.files.put(file)


def path(ws: Workspace, file: File) -> Path:
    return ws.file_dir / file.id


def usable(ws: Workspace, file_id: str) -> File:
    """A file that exists for apps: complete and not deleted."""
    file = ws.files.get(file_id)
    if file is None or file.state in ("waiting", "uploaded"):
        raise SlackError("file_not_found")
    if file.state == "gone":
        raise SlackError("file_deleted")
    return file


def file_json(ws: Workspace, file: File) -> JSON:
    """The file object of files.info."""
    if file.state == "gone":
        return {"id": file.id, "mode": "tombstone"}
    url = f"{ws.base_url}/files-pri/{ws.team.id}-{file.id}"
    shares: dict[str, dict[str, list[JSON]]] = {}
    for channel_id, ts, thread_ts in file.shares:
        kind = "public" if ws.channels[channel_id].kind == "channel" else "private"
        share = {"ts": ts, "channel_name": ws.channels[channel_id].name, "team_id": ws.team.id}
        entry = {**share, "thread_ts": thread_ts} if thread_ts else share
        shares.setdefault(kind, {}).setdefault(channel_id, []).append(entry)
    kinds = {c: ws.channels[c].kind for c in file.channels if c in ws.channels}
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "pretty_type": PRETTY.get(file.filetype, file.filetype.upper()),
        "user": file.user,
        "user_team": ws.team.id,
        "editable": file.snippet,
        "size": file.size,
        "mode": "snippet" if file.snippet else "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": "channel" in kinds.values(),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "alt_txt": file.alt_text,
        "url_private": f"{url}/{file.name}",
        "url_private_download": f"{url}/download/{file.name}",
        "permalink": f"{ws.base_url}/files/{file.user}/{file.id}/{file.name}",
        "media_display_type": "unknown",
        "file_access": "visible",
        "channels": [c for c, kind in kinds.items() if kind == "channel"],
        "groups": [c for c, kind in kinds.items() if kind in ("group", "mpim")],
        "ims": [c for c, kind in kinds.items() if kind == "im"],
        "shares": shares,
        "comments_count": 0,
        "has_more_shares": False,
    }


def created(ws: Workspace, file: File) -> File:
    """The upload is complete: the file exists from now on."""
    done = ws.files.put(replace(file, state="shared"))
    event: JSON = {"type": "file_created", "file_id": file.id, "user_id": file.user, "file": {"id": file.id}}
    ws.journal.add("file", file=file_json(ws, done))
    ws.notify({**event, "event_ts": ws.timestamps.next()}, None, None)
    return done


def shared(ws: Workspace, file: File, channel: Channel, ts: str, thread_ts: str | None) -> File:
    """The file stands in a message of this channel; apps hear of it by ids only."""
    channels = tuple(dict.fromkeys((*file.channels, channel.id)))
    done = ws.files.put(replace(file, channels=channels, shares=(*file.shares, (channel.id, ts, thread_ts))))
    event = {
        "type": "file_shared",
        "file_id": file.id,
        "user_id": file.user,
        "file": {"id": file.id},
        "channel_id": channel.id,
        "event_ts": ws.timestamps.next(),
    }
    ws.notify(event, channel, None)
    return done


def delete(ws: Workspace, file: File) -> None:
    ws.files.put(replace(file, state="gone"))
    path(ws, file).unlink(missing_ok=True)
    ws.journal.add("file_deleted", file=file.id)
    event = {"type": "file_deleted", "file_id": file.id, "event_ts": ws.timestamps.next()}
    ws.notify(event, None, None)


def readable(ws: Workspace, file: File, bot: str) -> bool:
    """Whether an app's bot user may see a file: its own, given to it in a modal, or shared where it is."""
    shared = any(bot in ws.channels[channel].members for channel in file.channels)
    return file.user == bot or bot in file.given_to or shared


def give(ws: Workspace, file: File, bot: str) -> File:
    """A person put the file into an app's modal: the file exists, and the app may read it."""
    done = created(ws, file) if file.state == "uploaded" else file
    return ws.files.put(replace(done, given_to=tuple(dict.fromkeys((*done.given_to, bot)))))


def retitle(ws: Workspace, file: File, title: str) -> File:
    return ws.files.put(replace(file, title=title))


def received(ws: Workspace, file: File, size: int) -> File:
    """The bytes have arrived in `path(ws, file)`."""
    return ws.files.put(replace(file, state="uploaded", size=size))


def by_upload_key(ws: Workspace, key: str) -> File | None:
    return next((f for f in ws.files.values() if f.upload_key == key and f.state == "waiting"), None)
