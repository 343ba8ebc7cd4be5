"""What a new workspace holds: by default two people, an administrator, two channels and one installed app."""

import hashlib
import time
from dataclasses import dataclass, field

from .manifest import bot_scopes
from .records import JSON, App, Channel, Person, Team, Token
from .state import Workspace

ALL_SCOPES = (
    *("app_mentions:read", "bookmarks:read", "bookmarks:write", "channels:history", "channels:join"),
    *("channels:manage", "channels:read", "chat:write", "chat:write.customize", "chat:write.public"),
    *("commands", "files:read", "files:write", "groups:history", "groups:read", "groups:write"),
    *("im:history", "im:read", "im:write", "mpim:history", "mpim:read", "mpim:write"),
    *("pins:read", "pins:write", "reactions:read", "reactions:write", "team:read", "users:read"),
    *("users:read.email", "users.profile:read", "users:write"),
)


@dataclass(frozen=True)
class Credentials:
    """What an app is configured with. The defaults are fixed, and good for nothing but a sandbox."""

    bot_token: str = "xoxb-sandbox-bot-token"  # noqa: S105 - a stand-in's token, valid nowhere else
    app_token: str = "xapp-1-A0FTBOT001-sandbox"  # noqa: S105
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105


@dataclass(frozen=True)
class ChannelSeed:
    """`members` are names of people and apps; None means everybody."""

    id: str
    name: str
    topic: str = ""
    is_private: bool = False
    members: tuple[str, ...] | None = None


@dataclass(frozen=True)
class AppSeed:
    id: str
    name: str
    manifest: JSON | None = None
    credentials: Credentials = field(default_factory=Credentials)
    request_url: str | None = None


@dataclass(frozen=True)
class Seed:
    team: Team
    people: tuple[Person, ...]
    channels: tuple[ChannelSeed, ...]
    apps: tuple[AppSeed, ...]


TEAM = Team("T0SANDBOX1", "Sandbox", "sandbox")
PEOPLE = (
    Person("U0ANA00001", "ana", "Ana Souza", title="Support lead"),
    Person("U0BEN00001", "ben", "Ben Carter", title="Data scientist"),
    Person("U0ADMIN001", "admin", "Ada Min", is_admin=True, title="Workspace administrator"),
)
CHANNELS = (
    ChannelSeed("C0GENERAL1", "general", "Everything that concerns everybody"),
    ChannelSeed("C0FINETUNE", "fine-tuning", "Datasets, jobs and models"),
)


def default_seed(
    manifest: JSON | None = None, credentials: Credentials | None = None, request_url: str | None = None
) -> Seed:
    name = ((manifest or {}).get("display_information") or {}).get("name") or "ft-bot"
    app = AppSeed("A0FTBOT001", name, manifest, credentials or Credentials(), request_url)
    return Seed(TEAM, PEOPLE, CHANNELS, (app,))


def stable_id(prefix: str, name: str) -> str:
    """An id that is the same every time for the same name."""
    return f"{prefix}0{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"


def plant(ws: Workspace, seed: Seed) -> None:
    """Puts into the workspace what the seed has and the workspace lacks; apps are brought up to date."""
    for person in seed.people:
        if person.id not in ws.people:
            ws.people.put(person)
    for app in seed.apps:
        install(ws, app, installer=next((p.id for p in seed.people if p.is_admin), seed.people[0].id))
    for channel in seed.channels:
        if channel.id not in ws.channels:
            ws.channels.put(_channel(ws, channel, seed))


def _channel(ws: Workspace, seed: ChannelSeed, whole: Seed) -> Channel:
    members = [ws.person(name).id for name in seed.members] if seed.members is not None else list(ws.people)
    return Channel(
        seed.id,
        seed.name,
        "group" if seed.is_private else "channel",
        whole.people[0].id,
        int(time.time()),
        tuple(members),
        seed.topic,
        is_general=seed.name == "general",
    )


def install(ws: Workspace, seed: AppSeed, installer: str) -> App:
    """Adds the app with its bot user and tokens, or gives a known app its current manifest and tokens."""
    suffix = seed.id[2:]
    app = App(
        id=seed.id,
        name=seed.name,
        bot_user_id=f"U0{suffix}",
        bot_id=f"B0{suffix}",
        signing_secret=seed.credentials.signing_secret,
        verification_token="sandbox-verification-token",  # noqa: S106
        client_id=f"1000000000000.{int(hashlib.sha256(seed.id.encode()).hexdigest()[:10], 16)}",
        client_secret=hashlib.sha256(f"client secret of {seed.id}".encode()).hexdigest()[:32],
        manifest=seed.manifest,
        request_url=seed.request_url,
    )
    ws.apps.put(app)
    features = (app.manifest or {}).get("features") or {}
    display = (features.get("bot_user") or {}).get("display_name") or app.name
    handle = display.lower().replace(" ", "-")
    ws.people.put(Person(app.bot_user_id, handle, display, is_bot=True, app_id=app.id, bot_id=app.bot_id))
    scopes = bot_scopes(app)
    granted = ALL_SCOPES if scopes is None else scopes
    for token in [t for t in ws.tokens.values() if t.app_id == app.id]:
        ws.tokens.remove(token.value)
    ws.tokens.put(Token(seed.credentials.bot_token, app.id, "bot", tuple(granted), installer=installer))
    ws.tokens.put(Token(seed.credentials.app_token, app.id, "app", ("connections:write",)))
    return app
