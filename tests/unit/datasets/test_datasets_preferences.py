"""Preference pairs as the well-known sets have them: the whole prompt arrives, and unequal pairs don't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tuning.datasets.convert import Conversion, convert_file
from tuning.datasets.sniff import look

Message = dict[str, str]


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def bot(text: str) -> Message:
    return {"role": "assistant", "content": text}


BRIEF: Message = {"role": "system", "content": "Be brief."}
ASKED = [user("Hi"), bot("Yes?"), user("Who?")]
ENDS = {"chosen": "Me.", "rejected": "You."}

KNOWN: list[tuple[str, dict[str, Any], list[Message]]] = [
    ("a system prompt beside", {"system": "Be brief.", "prompt": "Who?", **ENDS}, [BRIEF, user("Who?")]),
    ("Orca", {"system": "Be brief.", "question": "Who?", **ENDS}, [BRIEF, user("Who?")]),
    ("an instruction", {"instruction": "Translate.", "input": "Oui", **ENDS}, [user("Translate.\n\nOui")]),
    ("messages and texts", {"prompt": ASKED, **ENDS}, ASKED),
    ("one message each", {"prompt": "Who?", "chosen": bot("Me."), "rejected": bot("You.")}, [user("Who?")]),
    ("lists of one", {"prompt": "Who?", "chosen": [bot("Me.")], "rejected": [bot("You.")]}, [user("Who?")]),
    (
        "whole conversations beside the prompt",
        {"prompt": "Hi", "chosen": [*ASKED, bot("Me.")], "rejected": [*ASKED, bot("You.")]},
        ASKED,
    ),
    (
        "the rest of a conversation",
        {"prompt": ASKED[:1], "chosen": [*ASKED[1:], bot("Me.")], "rejected": [*ASKED[1:], bot("You.")]},
        ASKED,
    ),
    (
        "UltraFeedback",
        {
            "prompt": "Who?",
            "chosen": [user("Who?"), bot("Me.")],
            "rejected": [user("Who?"), bot("You.")],
            "messages": [user("Who?"), bot("Me.")],
        },
        [user("Who?")],
    ),
    (
        "HH",
        {
            "chosen": "\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: Who?\n\nAssistant: Me.",
            "rejected": "\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: Who?\n\nAssistant: You.",
        },
        ASKED,
    ),
    (
        "ShareGPT",
        {
            "conversations": [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Who?"}],
            "chosen": {"from": "gpt", "value": "Me."},
            "rejected": {"from": "gpt", "value": "You."},
        },
        [BRIEF, user("Who?")],
    ),
]


def converted(folder: Path, *records: dict[str, Any]) -> Conversion:
    source = folder / "pairs.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records))
    return convert_file(source, folder / "target.jsonl", preview=9)


@pytest.mark.parametrize(("record", "asked"), [row[1:] for row in KNOWN], ids=[row[0] for row in KNOWN])
def test_a_pair_has_the_whole_prompt_and_both_answers(
    tmp_path: Path, record: dict[str, Any], asked: list[Message]
) -> None:
    (row,) = converted(tmp_path, record).preview
    assert row == {
        "input": {"messages": asked},
        "preferred_output": [bot("Me.")],
        "non_preferred_output": [bot("You.")],
    }


def test_answers_to_different_conversations_are_left_out(tmp_path: Path) -> None:
    made = converted(
        tmp_path,
        {"prompt": "Who?", **ENDS},
        {"chosen": [user("Who?"), bot("Me.")], "rejected": [user("Why?"), bot("So.")]},
        {"prompt": "Who?", "chosen": [bot("Me.")], "rejected": [bot("You."), user("Why?")]},
        {"prompt": "Who?", "chosen": "Me.", "rejected": ""},
    )
    assert made.rows == 1
    assert [why for _, why in made.skips] == [
        "the chosen and the rejected answer end different conversations",
        "the last message of chosen or rejected isn't the assistant's",
        "the prompt or an answer is empty",
    ]


def test_pairs_are_offered_as_pairs_though_the_chosen_one_is_a_chat_too() -> None:
    rows = "".join(json.dumps(record) + "\n" for name, record, _ in KNOWN if name == "UltraFeedback")
    assert look(rows.encode()).looks_like == "preference-text"
