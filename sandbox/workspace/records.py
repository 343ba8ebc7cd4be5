"""The records of the workspace: frozen values, replaced as a whole when they change."""

from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]


@dataclass(frozen=True)
class Team:
    id: str
    name: str
    domain: str


@dataclass(frozen=True)
class Person:
    """A member of the workspace; an app's bot user is one too."""

    id: str
    name: str
    real_name: str
    is_admin: bool = False
    is_bot: bool = False
    app_id: str | None = None
    bot_id: str | None = None
    deleted: bool = False
    title: str = ""


@dataclass(frozen=True)
class Channel:
    """A conversation: `kind` is channel (public), group (private), im or mpim."""

    id: str
    name: str
    kind: str
    creator: str
    created: int
    members: tuple[str, ...] = ()
    topic: str = ""
    purpose: str = ""
    is_archived: bool = False
    is_general: bool = False

    @property
    def is_direct(self) -> bool:
        return self.kind in ("im", "mpim")


@dataclass(frozen=True)
class App:
    """An app that is installed here; without a manifest nothing is checked against one."""

    id: str
    name: str
    bot_user_id: str
    bot_id: str
    signing_secret: str
    verification_token: str
    client_id: str
    client_secret: str
    manifest: JSON | None = None
    request_url: str | None = None


@dataclass(frozen=True)
class Token:
    """A bot token (xoxb) or an app-level token (xapp)."""

    value: str
    app_id: str
    kind: str
    scopes: tuple[str, ...] = ()
    revoked: bool = False
    installer: str = ""


@dataclass(frozen=True)
class Message:
    """One message. `seen_by` names the only person who sees it when it is ephemeral."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: tuple[JSON, ...] = ()
    attachments: tuple[JSON, ...] = ()
    thread_ts: str | None = None
    broadcast: bool = False
    subtype: str | None = None
    app_id: str | None = None
    bot_id: str | None = None
    metadata: JSON | None = None
    files: tuple[str, ...] = ()
    edited_ts: str | None = None
    edited_by: str | None = None
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    username: str | None = None
    icons: JSON | None = None
    client_msg_id: str | None = None
    seen_by: str | None = None
    stream: str | None = None
    stream_touched: float = 0.0
    tombstone: bool = False
    pinned: bool = False


@dataclass(frozen=True)
class File:
    """A file; `state` goes from waiting (a URL was handed out) over uploaded to shared or gone."""

    id: str
    name: str
    title: str
    user: str
    size: int
    mimetype: str
    filetype: str
    created: int
    state: str = "waiting"
    channels: tuple[str, ...] = ()
    shares: tuple[tuple[str, str, str | None], ...] = ()
    alt_text: str = ""
    snippet: bool = False
    upload_key: str = ""
    given_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """A modal or a Home tab as one person sees it."""

    id: str
    app_id: str
    user: str
    type: str
    body: JSON
    hash: str
    root_id: str
    previous_id: str | None = None
    state: JSON = field(default_factory=dict)
    response_urls: tuple[JSON, ...] = ()


@dataclass(frozen=True)
class Bookmark:
    id: str
    channel: str
    title: str
    link: str
    emoji: str
    user: str
    team: str
    created: int
    updated: int = 0


@dataclass(frozen=True)
class Trigger:
    id: str
    app_id: str
    user: str
    channel: str | None
    issued: float
    used: bool = False
    view_id: str | None = None


@dataclass(frozen=True)
class ResponseUrl:
    """An address at which the app may answer an interaction five times within half an hour."""

    key: str
    app_id: str
    user: str
    channel: str
    issued: float
    uses: int = 0
    message_ts: str | None = None
    thread_ts: str | None = None
    is_ephemeral: bool = False
