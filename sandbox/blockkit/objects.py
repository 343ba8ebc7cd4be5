"""The composition objects: text, options, confirmation dialogs."""

from typing import Any

from .rules import Check, Report, array, at_least_one, boolean, by_type, one_of, only_one, shape, string

ACTION_ID = string(255)
BLOCK_ID = string(255)
URL = string(3000)


def text(most: int, *kinds: str, least: int = 1) -> Check:
    """A text object of at most `most` characters; both kinds unless `kinds` names one."""
    allowed = kinds or ("plain_text", "mrkdwn")
    shapes = {
        "plain_text": shape({"text": string(most, least)}, {"emoji": boolean}),
        "mrkdwn": shape({"text": string(most, least)}, {"verbatim": boolean}),
    }
    return by_type({kind: shapes[kind] for kind in allowed})


def plain(most: int, least: int = 1) -> Check:
    return text(most, "plain_text", least=least)


CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
OPTION = shape({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": URL})
CHOICE = shape({"text": text(75), "value": string(150)}, {"description": text(75)})
OPTION_GROUP = shape({"label": plain(75), "options": array(OPTION, 100)})
SLACK_FILE = shape({}, {"id": string(), "url": string()}, [only_one("id", "url")])
DISPATCH = shape({}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 2)})
FILTER = shape(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    [at_least_one("include", "exclude_external_shared_channels", "exclude_bot_users")],
)


def initial_among_options(field: str) -> Check:
    """An initial choice must be one of the options, exactly."""

    def check(report: Report, value: Any, at: str) -> None:
        initial = value.get(field)
        groups = value.get("option_groups") or [{"options": value.get("options") or []}]
        offered = [
            (option.get("value"), (option.get("text") or {}).get("text"))
            for group in groups
            if isinstance(group, dict)
            for option in group.get("options") or []
            if isinstance(option, dict)
        ]
        for option in initial if isinstance(initial, list) else [initial] if initial else []:
            if isinstance(option, dict):
                chosen = (option.get("value"), (option.get("text") or {}).get("text"))
                if chosen not in offered:
                    report.add(f"{field} was not found in the options provided", f"{at}/{field}")

    return check


def options_xor_groups(report: Report, value: Any, at: str) -> None:
    if (value.get("options") is None) == (value.get("option_groups") is None):
        report.add("must provide either options or option_groups", at)
