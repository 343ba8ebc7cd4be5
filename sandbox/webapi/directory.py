"""auth.*, users.*, team.*, bots.*, api.test, apps.*: who is who, and may they come in."""

from dataclasses import replace

from ..workspace.errors import SlackError
from ..workspace.people import email_of, user_json
from ..workspace.records import JSON, Person
from .call import Call


def api_test(call: Call) -> JSON:
    if call.text("error"):
        raise SlackError(call.text("error"), args=call.args)
    return {"args": call.args}


def auth_test(call: Call) -> JSON:
    if call.token.kind == "app":
        return {"app_name": call.app.name, "app_id": call.app.id}
    return {
        "url": f"{call.ws.base_url}/",
        "team": call.ws.team.name,
        "user": call.ws.people[call.bot].name,
        "team_id": call.ws.team.id,
        "user_id": call.bot,
        "bot_id": call.app.bot_id,
        "is_enterprise_install": False,
    }


def auth_revoke(call: Call) -> JSON:
    if call.flag("test"):
        return {"revoked": False}
    call.ws.tokens.put(replace(call.token, revoked=True))
    return {"revoked": True}


def open_connection(call: Call) -> JSON:
    return {"url": call.sockets.open_url(call.app)}


def user_info(call: Call) -> JSON:
    user = call.need("user")
    if user not in call.ws.people:
        raise SlackError("user_not_found")
    return {"user": _seen(call, call.ws.people[user])}


def user_list(call: Call) -> JSON:
    people = [_seen(call, person) for person in call.ws.people.values()]
    page, metadata = call.page(people, 1000, 1000)
    return {"members": page, "cache_ts": int(call.ws.clock()), "response_metadata": metadata}


def _seen(call: Call, person: Person) -> JSON:
    """The user object; the address only for those who may read it."""
    shown = user_json(call.ws, person)
    if "users:read.email" in call.token.scopes and not person.is_bot:
        shown["profile"]["email"] = email_of(call.ws, person)
    return shown


def by_email(call: Call) -> JSON:
    wanted = call.need("email").lower()
    found = next(
        (p for p in call.ws.people.values() if not p.is_bot and email_of(call.ws, p) == wanted), None
    )
    if found is None:
        raise SlackError("users_not_found")
    return {"user": _seen(call, found)}


def profile(call: Call) -> JSON:
    return {"profile": _seen(call, call.ws.person(call.text("user") or call.bot))["profile"]}


def presence(call: Call) -> JSON:
    call.ws.person(call.text("user") or call.bot)
    return {"presence": "active"}


def team_info(call: Call) -> JSON:
    team = call.ws.team
    return {
        "team": {
            "id": team.id,
            "name": team.name,
            "domain": team.domain,
            "url": f"{call.ws.base_url}/",
            "email_domain": "",
            "icon": {"image_default": True},
            "avatar_base_url": call.ws.base_url,
        }
    }


def bot_info(call: Call) -> JSON:
    app = next((a for a in call.ws.apps.values() if a.bot_id == (call.text("bot") or call.app.bot_id)), None)
    if app is None:
        raise SlackError("bot_not_found")
    bot = {"id": app.bot_id, "deleted": False, "name": app.name, "updated": 0, "app_id": app.id}
    return {"bot": {**bot, "user_id": app.bot_user_id, "icons": {}}}
