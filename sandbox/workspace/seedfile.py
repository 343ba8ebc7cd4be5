"""A seed file: people, channels and apps of a workspace, written down in YAML."""

from pathlib import Path
from typing import Any

import yaml

from .records import Person, Team
from .seed import CHANNELS, PEOPLE, TEAM, AppSeed, ChannelSeed, Credentials, Seed, default_seed, stable_id

KNOWN = {
    "": {"team", "people", "channels", "apps"},
    "team": {"name", "domain"},
    "people": {"name", "real_name", "admin", "title"},
    "channels": {"name", "topic", "private", "members"},
    "apps": {"name", "manifest", "bot_token", "app_token", "signing_secret", "request_url"},
}


class SeedError(Exception):
    """What is wrong with a seed file, and where."""


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """A YAML or JSON file that holds a mapping; SeedError otherwise."""
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise SeedError(f"cannot read the {what} {path}: {error}") from None
    if not isinstance(found, dict):
        raise SeedError(f"the {what} {path} is not a mapping")
    return found


def read_seed(path: Path) -> Seed:
    """The seed in `path`; whatever it leaves out is as in the default workspace."""
    found = read_mapping(path, "seed")
    _check(found, "", "the seed")
    team = found.get("team") or {}
    _check(team, "team", "team")
    people = tuple(_person(entry) for entry in _entries(found, "people"))
    channels = tuple(_channel(entry) for entry in _entries(found, "channels"))
    apps = tuple(_app(entry, path.parent) for entry in _entries(found, "apps"))
    seed = Seed(
        Team(TEAM.id, str(team.get("name") or TEAM.name), str(team.get("domain") or TEAM.domain)),
        people or PEOPLE,
        channels or CHANNELS,
        apps or default_seed().apps,
    )
    _check_members(seed)
    return seed


def _entries(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    entries = found.get(kind) or []
    if not isinstance(entries, list):
        raise SeedError(f"{kind} must be a list")
    for number, entry in enumerate(entries, start=1):
        where = f"{kind}, entry {number}"
        if not isinstance(entry, dict):
            raise SeedError(f"{where} must be a mapping")
        _check(entry, kind, where)
        if not entry.get("name"):
            raise SeedError(f"{where} has no name")
    names = [entry["name"] for entry in entries]
    if len(set(names)) < len(names):
        raise SeedError(f"two entries of {kind} have the same name")
    return entries


def _check(found: Any, kind: str, where: str) -> None:
    if not isinstance(found, dict):
        raise SeedError(f"{where} must be a mapping")
    if unknown := sorted(set(map(str, found)) - KNOWN[kind]):
        raise SeedError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(KNOWN[kind]))}")


def _person(entry: dict[str, Any]) -> Person:
    name = str(entry["name"]).lower()
    known = next((person.id for person in PEOPLE if person.name == name), stable_id("U", name))
    real_name = str(entry.get("real_name") or entry["name"])
    return Person(known, name, real_name, bool(entry.get("admin")), title=str(entry.get("title") or ""))


def _channel(entry: dict[str, Any]) -> ChannelSeed:
    name = str(entry["name"]).removeprefix("#")
    known = next((channel.id for channel in CHANNELS if channel.name == name), stable_id("C", name))
    members = entry.get("members")
    names = tuple(str(member) for member in members) if members is not None else None
    return ChannelSeed(known, name, str(entry.get("topic") or ""), bool(entry.get("private")), names)


def _app(entry: dict[str, Any], folder: Path) -> AppSeed:
    name = str(entry["name"])
    default = default_seed().apps[0]
    identifier = default.id if name == default.name else stable_id("A", name)
    manifest = entry.get("manifest")
    if isinstance(manifest, str):
        manifest = read_mapping(folder / manifest, "manifest")
    fixed = (
        Credentials()
        if name == default.name
        else Credentials(f"xoxb-sandbox-{name}", f"xapp-1-{identifier}-sandbox")
    )
    credentials = Credentials(
        str(entry.get("bot_token") or fixed.bot_token),
        str(entry.get("app_token") or fixed.app_token),
        str(entry.get("signing_secret") or fixed.signing_secret),
    )
    return AppSeed(identifier, name, manifest, credentials, entry.get("request_url"))


def _check_members(seed: Seed) -> None:
    handles = {person.name for person in seed.people} | {
        app.name.lower().replace(" ", "-") for app in seed.apps
    }
    for channel in seed.channels:
        if unknown := sorted(set(channel.members or ()) - handles):
            raise SeedError(f"channel {channel.name}: nobody is called {', '.join(unknown)}")
