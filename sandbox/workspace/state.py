"""The workspace itself: its tables and the few look-ups that everything else shares."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .errors import SlackError
from .ids import Clock, Timestamps
from .journal import Journal
from .records import (
    JSON,
    App,
    Bookmark,
    Channel,
    File,
    Message,
    Person,
    ResponseUrl,
    Team,
    Token,
    Trigger,
    View,
)
from .tables import Tables

Notify = Callable[[JSON, Channel | None, str | None], None]


class Workspace:
    """One Slack team. `notify(event, channel, only_app)` is called for whatever apps may hear of."""

    def __init__(self, team: Team, file_dir: Path, clock: Clock = time.time) -> None:
        self.team = team
        self.clock = clock
        self.timestamps = Timestamps(clock)
        self.journal = Journal()
        self.file_dir = file_dir
        self.base_url = ""
        self.notify: Notify = lambda event, channel, only_app: None
        tables = Tables()
        self.tables = tables
        self.people = tables.add("people", Person, lambda p: p.id)
        self.channels = tables.add("channels", Channel, lambda c: c.id)
        self.apps = tables.add("apps", App, lambda a: a.id)
        self.tokens = tables.add("tokens", Token, lambda t: t.value)
        self.messages = tables.add("messages", Message, lambda m: f"{m.channel}/{m.ts}")
        self.ephemerals = tables.add("ephemerals", Message, lambda m: f"{m.channel}/{m.ts}", kept=False)
        self.files = tables.add("files", File, lambda f: f.id)
        self.views = tables.add("views", View, lambda v: v.id, kept=False)
        self.homes = tables.add("homes", View, lambda v: f"{v.app_id}/{v.user}")
        self.bookmarks = tables.add("bookmarks", Bookmark, lambda b: b.id)
        self.triggers = tables.add("triggers", Trigger, lambda t: t.id, kept=False)
        self.response_urls = tables.add("response_urls", ResponseUrl, lambda r: r.key, kept=False)
        self.timeline: dict[str, list[str]] = {}
        self.replies: dict[str, list[str]] = {}
        self.choices: dict[tuple[str, str], JSON] = {}

    def person(self, key: str) -> Person:
        """Looks a person up by id or name; `user_not_found` otherwise."""
        found = self.people.get(key) or next((p for p in self.people.values() if p.name == key), None)
        if found is None:
            raise SlackError("user_not_found")
        return found

    def channel(self, key: str) -> Channel:
        """Looks a conversation up by id, `#name` or name; `channel_not_found` otherwise."""
        name = key.removeprefix("#")
        found = self.channels.get(key) or next(
            (c for c in self.channels.values() if c.name == name and not c.is_direct), None
        )
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def app(self, key: str) -> App:
        """Looks an app up by id, name or bot user; `app_not_found` otherwise."""
        found = next((a for a in self.apps.values() if key in (a.id, a.name, a.bot_user_id)), None)
        if found is None:
            raise SlackError("app_not_found")
        return found

    def message(self, channel: str, ts: str) -> Message:
        """One message that everybody can see; `message_not_found` otherwise."""
        found = self.messages.get(f"{channel}/{ts}")
        if found is None or found.tombstone:
            raise SlackError("message_not_found")
        return found

    def in_channel(self, channel: str) -> Iterable[Message]:
        """Every message of a channel, replies too, oldest first."""
        return (self.messages[f"{channel}/{ts}"] for ts in self.timeline.get(channel, ()))

    def in_thread(self, channel: str, thread_ts: str) -> list[Message]:
        """The replies of a thread, oldest first, without its root."""
        return [self.messages[f"{channel}/{ts}"] for ts in self.replies.get(f"{channel}/{thread_ts}", ())]
