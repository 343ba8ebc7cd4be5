"""The interactive elements, and where each of them may stand."""

from typing import Any

from .objects import (
    ACTION_ID,
    CHOICE,
    CONFIRM,
    DISPATCH,
    FILTER,
    OPTION,
    OPTION_GROUP,
    SLACK_FILE,
    URL,
    initial_among_options,
    options_xor_groups,
    plain,
)
from .rules import Check, anything, array, boolean, integer, matching, one_of, only_one, shape, string

DATE = matching(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "date")
TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "time")
NUMBER = matching(r"-?\d+(\.\d+)?", "number")


def _element(required: dict[str, Check] | None = None, /, *also: Check, **optional: Check) -> Check:
    return shape(required or {}, {"action_id": ACTION_ID, "confirm": CONFIRM, **optional}, also)


def _field(required: dict[str, Check] | None = None, /, *also: Check, **optional: Check) -> Check:
    return _element(required, *also, focus_on_load=boolean, placeholder=plain(150), **optional)


BUTTON = _element(
    {"text": plain(75)},
    url=URL,
    value=string(2000),
    style=one_of("primary", "danger"),
    accessibility_label=string(75),
    agent_prompt=string(4000),
)
IMAGE = shape(
    {"alt_text": string(2000)},
    {"image_url": URL, "slack_file": SLACK_FILE},
    [only_one("image_url", "slack_file")],
)
OPTIONS: dict[str, Check] = {"options": array(OPTION, 100), "option_groups": array(OPTION_GROUP, 100)}
MOST: dict[str, Check] = {"max_selected_items": integer(1)}
TEXT_FIELD: dict[str, Check] = {"dispatch_action_config": DISPATCH}
CONVERSATION: dict[str, Check] = {"default_to_current_conversation": boolean, "filter": FILTER}
RESPONSE_URL: dict[str, Check] = {"response_url_enabled": boolean}

FIELDS: dict[str, Check] = {
    "static_select": _field(
        None, options_xor_groups, initial_among_options("initial_option"), **OPTIONS, initial_option=OPTION
    ),
    "external_select": _field(initial_option=OPTION, min_query_length=integer(0)),
    "users_select": _field(initial_user=string()),
    "conversations_select": _field(initial_conversation=string(), **CONVERSATION, **RESPONSE_URL),
    "channels_select": _field(initial_channel=string(), **RESPONSE_URL),
    "multi_static_select": _field(
        None,
        options_xor_groups,
        initial_among_options("initial_options"),
        **OPTIONS,
        **MOST,
        initial_options=array(OPTION, 100),
    ),
    "multi_external_select": _field(initial_options=array(OPTION, 100), min_query_length=integer(0), **MOST),
    "multi_users_select": _field(initial_users=array(string()), **MOST),
    "multi_conversations_select": _field(initial_conversations=array(string()), **CONVERSATION, **MOST),
    "multi_channels_select": _field(initial_channels=array(string()), **MOST),
    "datepicker": _field(initial_date=DATE),
    "timepicker": _field(initial_time=TIME, timezone=string()),
    "datetimepicker": _field(initial_date_time=integer(1_000_000_000, 9_999_999_999)),
    "checkboxes": _field(
        {"options": array(CHOICE, 10)},
        initial_among_options("initial_options"),
        initial_options=array(CHOICE, 10),
    ),
    "radio_buttons": _field(
        {"options": array(CHOICE, 10)}, initial_among_options("initial_option"), initial_option=CHOICE
    ),
}
INPUT_ONLY: dict[str, Check] = {
    "plain_text_input": _field(
        initial_value=string(3000, 0),
        multiline=boolean,
        min_length=integer(0, 3000),
        max_length=integer(1, 3000),
        **TEXT_FIELD,
    ),
    "number_input": _field(
        {"is_decimal_allowed": boolean},
        initial_value=NUMBER,
        min_value=NUMBER,
        max_value=NUMBER,
        **TEXT_FIELD,
    ),
    "email_text_input": _field(initial_value=string(), **TEXT_FIELD),
    "url_text_input": _field(initial_value=string(), **TEXT_FIELD),
    "rich_text_input": _field(initial_value=anything, **TEXT_FIELD),
    "file_input": _field(filetypes=array(string()), max_files=integer(1, 10)),
}
OVERFLOW = _element({"options": array(OPTION, 5)})
WORKFLOW_BUTTON = _element(
    {"text": plain(75), "workflow": anything},
    style=one_of("primary", "danger"),
    accessibility_label=string(75),
)
FEEDBACK_BUTTON = shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})
FEEDBACK = shape(
    {"positive_button": FEEDBACK_BUTTON, "negative_button": FEEDBACK_BUTTON}, {"action_id": ACTION_ID}
)
ICON_BUTTON = _element(
    {"icon": one_of("trash"), "text": plain(75)},
    value=string(2000),
    accessibility_label=string(75),
    visible_to_user_ids=array(string()),
)

SINGLE = {name: check for name, check in FIELDS.items() if not name.startswith("multi_")}
IN_ACTIONS: dict[str, Any] = {
    **SINGLE,
    "button": BUTTON,
    "overflow": OVERFLOW,
    "workflow_button": WORKFLOW_BUTTON,
}
IN_SECTION: dict[str, Any] = {
    **{name: check for name, check in FIELDS.items() if name != "datetimepicker"},
    "button": BUTTON,
    "overflow": OVERFLOW,
    "workflow_button": WORKFLOW_BUTTON,
    "image": IMAGE,
}
IN_INPUT: dict[str, Any] = {**FIELDS, **INPUT_ONLY}
IN_CONTEXT_ACTIONS: dict[str, Any] = {"feedback_buttons": FEEDBACK, "icon_button": ICON_BUTTON}
