"""Sharing complete files in a channel: one message, and Slack's three events for each file."""

from .files import created, shared
from .ids import new_block_id
from .messages import post
from .mrkdwn import rich_text
from .records import Channel, File, Message
from .state import Workspace


def share(
    ws: Workspace,
    files: list[File],
    channel: Channel,
    user: str,
    comment: str = "",
    thread_ts: str | None = None,
    app_id: str | None = None,
) -> Message:
    """Makes the files exist and posts them: file_created, file_shared, then the message file_share."""
    ts = ws.timestamps.next()
    for file in files:
        shared(ws, created(ws, file) if file.state == "uploaded" else file, channel, ts, thread_ts)
    return post(
        ws,
        Message(
            channel=channel.id,
            ts=ts,
            user=user,
            text=comment,
            # A person types rich text; an app's comment is mrkdwn and stays text.
            blocks=(rich_text(comment, new_block_id()),) if comment and not app_id else (),
            thread_ts=thread_ts,
            subtype="file_share",
            files=tuple(file.id for file in files),
            app_id=app_id,
        ),
    )
