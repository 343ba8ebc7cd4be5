"""One call of the Web API: who calls, with which arguments, and the checks that every method shares."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..workspace.errors import SlackError, invalid_arguments
from ..workspace.people import open_direct, visible
from ..workspace.records import JSON, App, Channel, Token
from ..workspace.state import Workspace

if TYPE_CHECKING:
    from ..delivery.socket_mode import SocketHub

SCOPE_PREFIX = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


@dataclass(frozen=True)
class Call:
    method: str
    ws: Workspace
    app: App
    token: Token
    args: dict[str, Any]
    sockets: "SocketHub"

    @property
    def bot(self) -> str:
        return self.app.bot_user_id

    def text(self, name: str, default: str = "") -> str:
        value = self.args.get(name)
        if isinstance(value, bool | dict | list):
            raise invalid_arguments(f"must provide a string [json-pointer:/{name}]")
        return default if value is None else str(value)

    def need(self, name: str) -> str:
        """A required argument; `invalid_arguments` names it where it is missing."""
        value = self.text(name)
        if not value:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.args.get(name)
        return default if value is None else str(value).lower() in ("1", "true", "t", "yes")

    def number(self, name: str, default: int, most: int) -> int:
        """A positive whole number, cut to `most` as Slack does."""
        raw = self.args.get(name)
        if raw in (None, ""):
            return default
        try:
            value = int(str(raw))
        except ValueError:
            raise SlackError("invalid_limit" if name == "limit" else "invalid_arguments") from None
        if value < 1:
            raise SlackError("invalid_limit" if name == "limit" else "invalid_arguments")
        return min(value, most)

    def data(self, name: str, problem: str = "invalid_arguments") -> Any:
        """An argument that is JSON: sent as a string in a form, as itself in a JSON body."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise SlackError(problem) from None

    def require(self, scope: str) -> None:
        """Raises `missing_scope`, with what is needed and what there is."""
        if scope not in self.token.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(self.token.scopes))

    def readable(self, key: str, what: str = "history") -> Channel:
        """A conversation that the app may read: the scope of its kind, and membership for its history."""
        channel = visible(self.ws, key, self.bot)
        self.require(f"{SCOPE_PREFIX[channel.kind]}:{what}")
        if what == "history" and self.bot not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def writable(self, key: str) -> Channel:
        """A conversation that the app may post to; a person's id means the direct one with that person."""
        if key in self.ws.people:
            if key == self.bot:
                raise SlackError("channel_not_found")
            return open_direct(self.ws, (self.bot, key))
        channel = visible(self.ws, key, self.bot)
        if channel.is_archived:
            raise SlackError("is_archived")
        if self.bot not in channel.members and "chat:write.public" not in self.token.scopes:
            raise SlackError("not_in_channel")
        return channel

    def page(self, items: list[Any], default: int, most: int) -> tuple[list[Any], JSON]:
        """One page of `items` and the response_metadata with the cursor of the next."""
        start = decode_cursor(self.text("cursor"))
        limit = self.number("limit", default, most)
        more = start + limit < len(items)
        cursor = encode_cursor(start + limit) if more else ""
        return items[start : start + limit], {"next_cursor": cursor}


def encode_cursor(offset: int) -> str:
    return base64.b64encode(f"offset:{offset}".encode()).decode()


def decode_cursor(cursor: str) -> int:
    """The offset that a cursor stands for; `invalid_cursor` for anything that we did not hand out."""
    if not cursor:
        return 0
    try:
        word, _, offset = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("invalid_cursor") from None
    if word != "offset" or not offset.isdigit():
        raise SlackError("invalid_cursor")
    return int(offset)
