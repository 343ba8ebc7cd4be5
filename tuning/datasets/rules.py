"""Every rule by its stable code: how bad breaking it is, who makes the rule, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from tuning.datasets.report import Finding, Severity

SOURCES = {
    "json": "RFC 8259, the JSON standard",
    "spec": "OpenAI's public OpenAPI description",
    "doc": "OpenAI's fine-tuning guides",
    "notebook": "OpenAI's data preparation notebook",
    "reported": "refusals that several users reported",
    "privacy": "this project: secrets and personal data leave only when the owner accepts it",
    "ours": "this project: doubtful, but no backend refuses it",
}


class Rule(NamedTuple):
    """`todo` ends each message, so that every finding says what to do."""

    severity: Severity
    source: str
    todo: str


def _error(source: str, todo: str) -> Rule:
    return Rule("error", source, todo)


def _warning(source: str, todo: str) -> Rule:
    return Rule("warning", source, todo)


FILE_RULES = {
    "ended_early": _error("ours", "Check it to the end before it is used: all counts are of its beginning."),
    "empty_file": _error("doc", "Bring a file with at least 10 examples, one JSON object a line."),
    "too_few_rows": _error("doc", "Add examples: a backend refuses fewer than 10."),
    "few_rows": _warning("doc", "50 to 100 good examples are advised before a result can be judged."),
    "format_mismatch": _error("spec", "Choose the method that fits the file, or convert the file."),
    "not_jsonl": _error("spec", "Convert it to JSONL: ft-bot convert does it, and in Slack the file's card."),
    "encoding": _warning("spec", "Save it as UTF-8 for a backend; in Slack the bot does it by itself."),
    "packed": _warning("spec", "Unpack it for a backend; in Slack the bot does it by itself."),
    "bom": _warning("ours", "Azure asks for it, other backends may refuse row 1: save without it for those."),
    "file_too_large": _warning("spec", "It is sent in parts; split it if the backend has no /uploads."),
    "upload_too_large": _error("spec", "Split it: one upload holds 8 GB."),
    "too_many_image_examples": _error("doc", "Keep at most 50,000 examples with images."),
    "method_not_offered": _error("doc", "Choose another base model or another method."),
    "unknown_base": _warning("ours", "Give --encoding and --max-tokens, or the name of a base on record."),
    "base_gone": _warning("doc", "Choose another base, unless your backend still has this one."),
}

JSON_RULES = {
    "bad_json": _error("json", "Write exactly one complete JSON object on each line."),
    "data_type": _error("notebook", "Change it to the type that is asked for."),
    "duplicate_key": _error("json", "Keep one of them: parsers disagree about which one counts."),
    "not_a_number": _error("json", "JSON has no NaN or Infinity: use a number, null or a string."),
    "lone_surrogate": _error("json", "Half of a character pair was cut off: write the whole character."),
    "control_character": _warning("ours", "Remove it unless the model should learn to write it."),
    "invisible_character": _warning("ours", "Remove it unless the model should learn to write it."),
    "lost_character": _warning(
        "ours", "Read the source again in its own encoding: here it was read in a wrong one."
    ),
    "invalid_utf8": _error("json", "Save the file as UTF-8."),
    "too_deep": _error("ours", "Flatten the row: nothing reads such a row."),
    "row_too_long": _error("ours", "Shorten the row; give images by URL rather than inside the row."),
    "blank_line": _warning("ours", "Delete the line; it isn't counted as an example."),
}

SHAPE_RULES = {
    "missing_messages_list": _error("notebook", "Add `messages`: a list of messages with role and content."),
    "unrecognized_key": _error("spec", "Remove the key; a backend refuses keys that it doesn't know."),
    "other_format": _error("spec", "Keep rows of one format in a file; move this row to its own file."),
    "missing_key": _error("spec", "Add it."),
    "null_value": _warning("spec", "Leave the key out instead of giving null."),
    "wrong_value": _error("spec", "Use one of the values that are allowed."),
}

MESSAGE_RULES = {
    "message_missing_key": _error("notebook", "Add it."),
    "message_unrecognized_key": _error("notebook", "Remove the key."),
    "misplaced_key": _error("spec", "Move it or remove it."),
    "unrecognized_role": _error("notebook", "Use system, developer, user, assistant or tool."),
    "missing_content": _error("notebook", "Write what the message says, or drop the message."),
    "blank_content": _warning("ours", "Write what the message says, or drop the row."),
    "content_type": _error("spec", "Give a string, or a list of parts."),
    "content_part": _error("spec", 'Use {"type": "text", "text": "..."}.'),
    "name_pattern": _error("spec", "Use up to 64 letters, digits, underscores or dashes."),
    "weight": _error("spec", "Use 0 (don't learn from this message) or 1 (learn)."),
    "example_missing_assistant_message": _error("notebook", "Add the answer that the model should learn."),
    "nothing_to_learn": _error("doc", "Give at least one assistant message weight 1, or leave weight out."),
    "last_message_role": _error("reported", "End the row with the message that the method expects."),
    "repeated_assistant": _warning(
        "reported", "Join them, or put what was said between them: Azure refuses it."
    ),
    "too_many_messages": _warning("reported", "Keep at most 2,048 messages: Azure refuses longer lists."),
    "system_not_first": _warning("ours", "Put instructions before the conversation."),
    "missing_system": _warning(
        "notebook", "Add the system (or developer) message that you will use when asking."
    ),
    "missing_user": _warning("notebook", "Add the question that the answer belongs to."),
    "special_token": _error("reported", "Remove or rewrite it: text of a special token makes the job fail."),
    "special_token_like": _warning("ours", "Check that this markup is meant to be learned as plain text."),
}

IMAGE_RULES = {
    "image_role": _error("doc", "Move the image to a user message."),
    "too_many_images": _error(
        "doc", "Keep at most 10 images in an example: OpenAI takes no more, Azure takes 64."
    ),
    "image_type": _error("doc", "Use a JPEG, PNG or WEBP image."),
    "image_mode": _error("doc", "Save the image as RGB or RGBA: backends take no other mode."),
    "image_url": _error("doc", "Give an https URL or a data:image/...;base64 URL."),
    "image_unreachable": _warning("ours", "Give a public address, or the image itself as a data URL."),
    "image_too_large": _error("doc", "Make the image smaller than 10 MB."),
    "image_in_preference": _error("doc", "Leave images out: preference pairs are text only."),
    "images_not_offered": _warning("doc", "Choose a base that learns from images, or leave them out."),
}

TOOL_RULES = {
    "tool_schema": _error("spec", "Correct the definition; its parameters are a JSON Schema object."),
    "tool_strict": _error(
        "doc", "Close every object, require each property, use simple keywords; or leave strict out."
    ),
    "tool_name": _error("spec", "Use up to 64 letters, digits, underscores or dashes, each name once."),
    "too_many_functions": _error("spec", "Declare between 1 and 128."),
    "functions_and_tools": _error("spec", "Use tools and tool_calls alone; the others are their older form."),
    "tool_call": _error("spec", "Write the call as id, type and function with name and arguments."),
    "tool_call_id": _error("spec", "Give each call an id of its own, and answer it by that id."),
    "tool_call_id_length": _warning(
        "reported", "Use at most 40 characters: some backends refuse longer ids."
    ),
    "tool_arguments_json": _error("spec", "Write the arguments as the text of one JSON object."),
    "tool_arguments_schema": _error("ours", "Correct the arguments or the tool's parameters."),
    "tool_unknown": _error("ours", "Declare the tool in tools, or correct the name."),
    "tools_missing": _warning("ours", "Add tools, so that the model learns to call what is declared."),
    "tool_unanswered": _error("spec", "Add one tool message for each call right after it."),
    "tool_answers_nothing": _error("spec", "Put it right after the assistant message that makes the call."),
    "parallel_tool_calls": _warning("ours", "Make one call a message, or allow parallel calls."),
    "too_many_calls": _warning("reported", "Make at most 128 calls a message: OpenAI refuses longer lists."),
    "tool_content_parts": _warning(
        "reported", "Give the tool's answer as a string: fine-tuning was seen to refuse a list of parts."
    ),
    "tool_properties": _warning("reported", 'Add "properties": {}: OpenAI refuses an object without it.'),
    "tool_top_level": _warning(
        "reported", "Move it into a property or leave it out: OpenAI refuses it there."
    ),
    "tool_enum": _warning("ours", "Name the values that are allowed, or leave enum out."),
    "tool_items": _warning("reported", "Say in items what the list holds: OpenAI refuses lists without it."),
    "tool_description_length": _warning(
        "reported", "Use at most 1,024 characters: Azure and older models of OpenAI refuse longer ones."
    ),
}

PREFERENCE_RULES = {
    "output_length": _error(
        "spec", "OpenAI takes exactly one assistant message; Azure takes several, of assistant and tool."
    ),
    "output_role": _error("spec", "OpenAI takes only assistant here; Azure takes tool beside it."),
    "same_outputs": _warning("ours", "Nothing is learned from it: make the answers differ, or drop the row."),
    "grader_data": _warning("ours", "Give every row the same keys and types: a grader reads them by name."),
    "system_in_item": _warning(
        "spec", "Write developer instead: for these items OpenAI's description and Azure have no system role."
    ),
    "input_ends_with_assistant": _warning("doc", "End the input with the user's message."),
}

MEANING_RULES = {
    "over_limit": _warning("doc", "Shorten the example: what is over the limit isn't learned."),
    "near_duplicate": _warning("ours", "Drop one of them, or make them differ in what matters."),
    "contradiction": _warning("ours", "Keep the answer that is right; the model can't learn both."),
    "leaked_row": _warning("ours", "Drop it here or there: a set is no test of what was trained on."),
    "other_system_prompt": _warning("ours", "Use one wording, the one that you will use when asking."),
    "label_imbalance": _warning("ours", "Add rows of the rare label, or the model will rarely say it."),
    "one_answer": _warning("ours", "Add rows with other answers, or the model says this one to everything."),
    "label_variant": _warning("ours", "Spell each label in one way."),
    "length_outlier": _warning("ours", "Check that it isn't several rows in one, or a pasted document."),
    "other_language": _warning("ours", "Check that the answer is in the language that you want."),
    "refusal_missing": _warning("ours", "Add rows that the model should refuse, or it never learns to."),
    "refusal_share": _warning(
        "doc", "Keep as many as will be asked for later, or the model refuses too much."
    ),
    "refusal_variant": _warning(
        "ours", "Write every refusal in the same words, so that it can be told later."
    ),
    "other_script": _warning("ours", "Check that the answer is in the language that you want."),
    "duplicate_row": _warning("ours", "Drop one of them, unless it should count twice."),
}

_REDACT = "Redact it, or accept it by name if it may leave for the backend."
PRIVACY_RULES = {
    "secret": _error("privacy", "Redact it and revoke it: whoever saw this file may use it."),
    "email_address": _error("privacy", _REDACT),
    "phone_number": _error("privacy", _REDACT),
    "card_number": _error("privacy", _REDACT),
    "bank_account": _error("privacy", _REDACT),
    "social_security_number": _error("privacy", _REDACT),
}

RULES: dict[str, Rule] = {
    **FILE_RULES,
    **JSON_RULES,
    **SHAPE_RULES,
    **MESSAGE_RULES,
    **IMAGE_RULES,
    **TOOL_RULES,
    **PREFERENCE_RULES,
    **MEANING_RULES,
    **PRIVACY_RULES,
}


def make_finding(
    code: str, what: str, *, row: int | None = None, path: str = "", offset: int | None = None, todo: str = ""
) -> Finding:
    """A finding of this code; `what` says what is wrong, without the full stop."""
    rule = RULES[code]
    message = f"{what}. {todo or rule.todo}"
    return Finding(code, rule.severity, row, path, message, offset, rule.source)
