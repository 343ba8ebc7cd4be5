"""What a new workspace holds: two people, an administrator, two channels and one installed app."""

import time
from dataclasses import dataclass
from pathlib import Path

from .ids import Clock
from .manifest import bot_scopes
from .records import JSON, App, Channel, Person, Team, Token
from .state import Workspace

ALL_SCOPES = (
    "app_mentions:read",
    "bookmarks:read",
    "bookmarks:write",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "chat:write.public",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
    "users:read.email",
)


@dataclass(frozen=True)
class Credentials:
    """What the app is configured with. The defaults are fixed, and good for nothing but a sandbox."""

    bot_token: str = "xoxb-sandbox-bot-token"  # noqa: S105 - a stand-in's token, valid nowhere else
    app_token: str = "xapp-1-A0FTBOT001-sandbox"  # noqa: S105
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105


PEOPLE = (
    Person("U0ANA00001", "ana", "Ana Souza", title="Support lead"),
    Person("U0BEN00001", "ben", "Ben Carter", title="Data scientist"),
    Person("U0ADMIN001", "admin", "Ada Min", is_admin=True, title="Workspace administrator"),
)


def new_workspace(
    file_dir: Path,
    manifest: JSON | None = None,
    credentials: Credentials | None = None,
    request_url: str | None = None,
    clock: Clock = time.time,
) -> Workspace:
    """The default workspace with ft-bot, or the manifest's app, installed and in both channels."""
    ws = Workspace(Team("T0SANDBOX1", "Sandbox", "sandbox"), file_dir, clock)
    for person in PEOPLE:
        ws.people.put(person)
    name = ((manifest or {}).get("display_information") or {}).get("name") or "ft-bot"
    app = App(
        id="A0FTBOT001",
        name=name,
        bot_user_id="U0FTBOT001",
        bot_id="B0FTBOT001",
        signing_secret=(credentials or Credentials()).signing_secret,
        verification_token="sandbox-verification-token",  # noqa: S106
        client_id="1000000000000.2000000000000",
        client_secret="sandbox-client-secret",  # noqa: S106
        manifest=manifest,
        request_url=request_url,
    )
    install(ws, app, credentials or Credentials())
    members = tuple(ws.people)
    ws.channels.put(
        _channel("C0GENERAL1", "general", members, "Everything that concerns everybody", general=True)
    )
    ws.channels.put(_channel("C0FINETUNE", "fine-tuning", members, "Datasets, jobs and models"))
    return ws


def _channel(
    identifier: str, name: str, members: tuple[str, ...], topic: str, general: bool = False
) -> Channel:
    return Channel(
        identifier, name, "channel", PEOPLE[2].id, int(time.time()), members, topic, is_general=general
    )


def install(ws: Workspace, app: App, credentials: Credentials) -> App:
    """Adds the app with its bot user and its tokens."""
    ws.apps.put(app)
    features = (app.manifest or {}).get("features") or {}
    display = (features.get("bot_user") or {}).get("display_name") or app.name
    handle = display.lower().replace(" ", "-")
    ws.people.put(Person(app.bot_user_id, handle, display, is_bot=True, app_id=app.id, bot_id=app.bot_id))
    scopes = bot_scopes(app)
    granted = tuple(ALL_SCOPES) if scopes is None else scopes
    ws.tokens.put(Token(credentials.bot_token, app.id, "bot", granted, installer=PEOPLE[2].id))
    ws.tokens.put(Token(credentials.app_token, app.id, "app", ("connections:write",)))
    return app
