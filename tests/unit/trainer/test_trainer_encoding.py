"""What is learned under chat templates of several makes; slow for torch's import."""

import json
from pathlib import Path
from typing import Any

import pytest

from trainer import chat

pytestmark = pytest.mark.slow

CHATML = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
# Earlier answers lose their mark, and who thinks writes an empty thought into the last one.
THINKS = """{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.role == 'assistant' and loop.last %}<think></think>{% endif %}{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}{% endif %}"""
# No system messages, strictly in turns, and the template's own end is not the tokenizer's.
IN_TURNS = """{% for m in messages %}
{%- if m.role == 'system' %}{{ raise_exception('No system role') }}{% endif %}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}
{{- '<|im_start|>' + m.role + ' ' + m.content + '<|endoftext|>' }}
{%- endfor %}{% if add_generation_prompt %}<|im_start|>assistant {% endif %}"""
PLAIN = """{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"""
WITH_STRINGS = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function.name + c.function.arguments }}
{%- endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

TALK = [
    {"role": "user", "content": "What is the score?"},
    {"role": "assistant", "content": "Two to one."},
    {"role": "user", "content": "Who won?"},
    {"role": "assistant", "content": "The home team."},
]
SYSTEM = {"role": "system", "content": "Be brief."}
CALL = {"id": "call_1", "type": "function", "function": {"name": "fly", "arguments": '{"height": 3}'}}
FLIGHT = [
    {"role": "user", "content": "fly"},
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    {"role": "assistant", "content": "Done."},
]


def template(text: str, **changes: Any) -> Any:
    from trainer.engine import tiny
    from trainer.engine.encoding import Template

    tokenizer = tiny.tokenizer([json.dumps(TALK + FLIGHT)])
    tokenizer.chat_template = text
    for name, value in changes.items():
        setattr(tokenizer, name, value)
    return Template(tokenizer)


def learned(made: Any, messages: list[dict[str, Any]], **row: Any) -> list[list[str]]:
    """What is learned of each sequence of a row, stretch by stretch."""
    from trainer.engine.encoding import IGNORED

    found = []
    for sequence in made.sequences({"messages": messages, **row}):
        stretches: list[list[int]] = [[]]
        for label, id in zip(sequence.labels, sequence.input_ids, strict=True):
            assert label in (IGNORED, id)
            if label == IGNORED and stretches[-1]:
                stretches.append([])
            elif label != IGNORED:
                stretches[-1].append(label)
        found.append([made.tokenizer.decode(stretch) for stretch in stretches if stretch])
    return found


def test_each_answer_of_a_conversation_is_learned_with_its_end() -> None:
    both = ["Two to one.<|im_end|>", "The home team.<|im_end|>"]
    made = template(CHATML)
    assert learned(made, TALK) == [both]
    assert learned(made, [SYSTEM, *TALK]) == [both]
    assert learned(made, [*TALK, TALK[0]]) == [both]
    assert learned(made, [TALK[0], {**TALK[1], "weight": 0}, *TALK[2:]]) == [both[1:]]
    assert learned(made, [*TALK[:3], {**TALK[3], "weight": 0}]) == [both[:1]]


def test_the_marks_of_a_template_for_training_agree() -> None:
    marked = CHATML.replace(
        "{{ m.content }}<|im_end|>",
        "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}"
        "{% else %}{{ m.content }}<|im_end|>{% endif %}",
    )
    made = template(marked)
    (sequence,) = made.sequences({"messages": TALK})
    theirs = made.tokenizer.apply_chat_template(TALK, return_dict=True, return_assistant_tokens_mask=True)
    ours = [int(label != -100) for label in sequence.labels]
    assert ours == theirs["assistant_masks"][: len(ours)]
    assert not any(theirs["assistant_masks"][len(ours) :])


def test_where_later_turns_change_earlier_answers_each_answer_is_a_sequence() -> None:
    assert learned(template(THINKS), TALK) == [["Two to one.<|im_end|>"], ["The home team.<|im_end|>"]]
    assert learned(template(THINKS), TALK[:2]) == [["Two to one.<|im_end|>"]]


def test_without_a_system_role_the_system_stands_before_the_user_in_training_and_in_asking() -> None:
    made = template(IN_TURNS, eos_token="<|endoftext|>")
    answers = ["Two to one.<|endoftext|>", "The home team.<|endoftext|>"]
    assert learned(made, [SYSTEM, *TALK]) == [answers]
    asked = chat.render(made.tokenizer, [SYSTEM, TALK[0]], answer=True)
    assert asked == "<|im_start|>user Be brief.\n\nWhat is the score?<|endoftext|><|im_start|>assistant "


def test_an_answer_ends_with_the_bases_own_end_even_if_the_template_writes_none() -> None:
    assert learned(template(PLAIN), TALK[:2]) == [[" Two to one.<|im_end|>"]]
    other = template(CHATML, eos_token="<|endoftext|>")
    assert learned(other, TALK[:2]) == [["Two to one.<|im_end|><|endoftext|>"]]


def test_tool_calls_are_written_as_the_template_wants_their_arguments() -> None:
    assert learned(template(WITH_STRINGS), FLIGHT) == [['fly{"height": 3}<|im_end|>', "Done.<|im_end|>"]]


def test_a_template_that_drops_tool_calls_is_refused_and_one_without_tools_is_told() -> None:
    from trainer.engine.encoding import peculiarities
    from trainer.engine.failures import Unloadable

    made = template(CHATML)
    with pytest.raises(Unloadable, match="doesn't write tool calls"):
        made.sequences({"messages": FLIGHT})
    tools = [{"type": "function", "function": {"name": "fly"}}]
    told = dict(peculiarities(made, [{"messages": TALK, "tools": tools}]))
    assert told.keys() == {"tools"}
    assert dict(peculiarities(template(IN_TURNS), [{"messages": [SYSTEM, *TALK]}])).keys() == {"system"}


def test_a_row_that_the_template_refuses_is_named() -> None:
    from trainer.engine.data import written
    from trainer.engine.failures import Unloadable

    with pytest.raises(Unloadable, match=r'refuses the example \{"messages": \[\{.*Roles must alternate'):
        written(template(IN_TURNS).sequences, [{"messages": [TALK[0], TALK[0], TALK[1]]}])


def test_a_tokenizer_without_an_end_is_refused() -> None:
    from trainer.engine.failures import Unloadable

    with pytest.raises(Unloadable, match="no token that ends a text"):
        template(CHATML, eos_token=None)


def test_a_preference_is_one_prompt_with_two_ended_answers() -> None:
    made = template(THINKS)
    row = {"input": {"messages": TALK[:3]}, "preferred_output": TALK[3:], "non_preferred_output": TALK[1:2]}
    pair = {name: made.tokenizer.decode(ids) for name, ids in made.pair(row).items()}
    assert pair["prompt_ids"] == chat.render(made.tokenizer, TALK[:3], answer=True)
    assert (pair["chosen_ids"], pair["rejected_ids"]) == ("The home team.<|im_end|>", "Two to one.<|im_end|>")


LONG = [{"role": "user", "content": "Who won? " * 40}, TALK[1]]


@pytest.mark.parametrize("method", ["supervised", "preference"])
def test_what_the_context_cuts_is_told_and_what_has_no_answer_left_is_skipped(method: str) -> None:
    from importlib import import_module

    from trainer.engine.failures import Unteachable

    prepare = import_module(f"trainer.engine.{method}").prepare
    short, long = ({"messages": TALK[:2]}, {"messages": LONG})
    wordy = {"messages": [TALK[0], {"role": "assistant", "content": "Two to one. " * 40}]}
    rows = [short, wordy, long]
    if method == "preference":
        rows = [
            {"input": {"messages": m[:1]}, "preferred_output": m[1:], "non_preferred_output": TALK[3:]}
            for m in (row["messages"] for row in rows)
        ]
    made = prepare(template(CHATML), rows, rows, 60)
    assert len(made.rows) == len(made.held_out) == 2
    for row in made.rows:
        prompt = row.get("input_ids") or row["prompt_ids"]
        assert len(prompt) + len(row.get("chosen_ids", [])) <= 60
    assert made.warnings == {
        "truncated": "2 example(s) are longer than 60 tokens and were cut at the end",
        "skipped": "1 example(s) are skipped: nothing of an answer is left of them within 60 tokens",
        "held_out": "1 of 3 validation example(s) are skipped: "
        "nothing of an answer is left of them within 60 tokens",
    }
    assert not prepare(template(CHATML), rows, [], 60).warnings.keys() & {"held_out"}
    unseen = prepare(template(CHATML), rows, rows[2:], 60)
    assert not unseen.held_out
    assert unseen.warnings["held_out"].endswith("; so nothing is measured on that file")
    with pytest.raises(Unteachable, match="no example has anything of an answer left within 20 tokens"):
        prepare(template(CHATML), [rows[2]], [], 20)


def test_shipped_files_can_be_written() -> None:
    made = template(CHATML)
    path = Path(__file__).parents[3] / "examples" / "news_heldout.jsonl"
    for line in path.read_text().splitlines():
        row = json.loads(line)
        assert learned(made, row["messages"]) == [[row["messages"][-1]["content"] + "<|im_end|>"]]
