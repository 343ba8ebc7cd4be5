"""What is learned stands behind the prompt that serving uses, or the job fails with words; slow for torch."""

from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trainer.test_trainer_encoding import CALL, CHATML, SYSTEM, TALK, THINKS, learned, template
from trainer import chat
from trainer.folder import JobFolder

pytestmark = pytest.mark.slow

# As Mistral 7B Instruct v0.3: what the system says stands in the last message, if that is the user's.
SYSTEM_LAST = """{% set said = messages[0].content if messages[0].role == 'system' else none %}
{%- for m in messages %}{% if m.role == 'system' %}{% elif m.role == 'user' %}[Q] {% if loop.last and said %}
{{- said + '\\n\\n' }}{% endif %}{{ m.content }}[/Q]{% elif m.tool_calls %}[C]
{{- m.tool_calls[0].function.name + '<|im_end|>' }}{% elif m.role == 'tool' %}[R]{{ m.content }}[/R]{% else %}
{{- ' ' + m.content }}<|im_end|>{% endif %}{% endfor %}"""
# As Llama 3, Qwen 2: words of its own before the first message.
HEADED = "<|im_start|>system\nToday is Monday.<|im_end|>\n" + CHATML
# As Qwen 3: a thought is written into the last answer only, and asked without.
TAKES_OUT = THINKS.replace(
    "<think></think>{% endif %}{{ m.content }}",
    "<think>{{ m.content.split('</think>')[0].split('<think>')[-1] if '</think>' in m.content }}</think>"
    "{% endif %}{{ m.content.split('</think>')[-1] }}",
)
DROPS = CHATML.replace("{{ m.content }}", "{{ m.content.split('</think>')[-1] }}")
# Asks in a thought that it has begun, and writes answers without.
BEGINS_A_THOUGHT = CHATML.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}")
WITH_CHANNEL = """{% for m in messages %}<|im_start|>{{ m.role }}
{%- if m.role == 'assistant' %}{{ ' last:' if loop.last else ' final:' }}{% else %} {% endif %}
{{- m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant{% endif %}"""
THOUGHT = "<think>\nThey scored twice.\n</think>\n\n"


def spans(made: Any, messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Of each sequence that ends with its one answer: what stands before it, and what is learned."""
    found = []
    for sequence in made.sequences({"messages": messages}):
        begins = next(i for i, label in enumerate(sequence.labels) if label != -100)
        ids = sequence.input_ids
        assert sequence.labels[begins:] == ids[begins:]
        found.append((made.tokenizer.decode(ids[:begins]), made.tokenizer.decode(ids[begins:])))
    return found


def test_a_system_message_that_moves_to_the_last_user_is_read_as_serving_shows_it() -> None:
    made = template(SYSTEM_LAST)
    asked = "[Q] Be brief.\n\nWhat is the score?[/Q]"
    assert chat.render(made.tokenizer, [SYSTEM, TALK[0]], answer=True) == asked
    assert spans(made, [SYSTEM, *TALK[:2]]) == [(asked, " Two to one.<|im_end|>")]
    later = "[Q] What is the score?[/Q] Two to one.<|im_end|>[Q] Be brief.\n\nWho won?[/Q]"
    both = [(asked, " Two to one.<|im_end|>"), (later, " The home team.<|im_end|>")]
    assert spans(made, [SYSTEM, *TALK]) == both
    assert spans(made, [SYSTEM, *TALK[:3]]) == both[:1]
    assert spans(made, [SYSTEM, TALK[0], {**TALK[1], "weight": 0}, *TALK[2:]]) == both[1:]
    assert learned(made, TALK) == [[" Two to one.<|im_end|>", " The home team.<|im_end|>"]]


def test_a_tool_call_behind_a_system_message_that_moves_is_learned_and_what_is_then_lost_is_told() -> None:
    from trainer.engine.encoding import peculiarities

    made = template(SYSTEM_LAST)
    flight: list[dict[str, Any]] = [SYSTEM, TALK[0], {"role": "assistant", "tool_calls": [CALL]}]
    assert spans(made, flight) == [("[Q] Be brief.\n\nWhat is the score?[/Q]", "[C]fly<|im_end|>")]
    assert spans(made, [*flight[:2], {**flight[2], "content": "Let me look."}]) == spans(made, flight)
    answered = [*flight, {"role": "tool", "tool_call_id": "call_1", "content": "done"}, TALK[1]]
    last = ("[Q] What is the score?[/Q][C]fly<|im_end|>[R]done[/R]", " Two to one.<|im_end|>")
    assert spans(made, answered)[1] == last
    assert not dict(peculiarities(made, [{"messages": [SYSTEM, *TALK]}]))
    assert dict(peculiarities(made, [{"messages": answered}])).keys() == {"system"}
    assert not dict(peculiarities(template(CHATML), [{"messages": [SYSTEM, *TALK, answered[3], TALK[1]]}]))


def test_a_preferences_prompt_is_the_one_of_serving() -> None:
    cases = [(SYSTEM_LAST, [SYSTEM, TALK[0]]), (SYSTEM_LAST, [SYSTEM, *TALK[:3]]), (THINKS, TALK[:2])]
    for text, given in cases:
        made = template(text)
        row = {"input": {"messages": given}, "preferred_output": TALK[3:], "non_preferred_output": TALK[1:2]}
        pair = {name: made.tokenizer.decode(ids) for name, ids in made.pair(row).items()}
        assert pair["prompt_ids"] == chat.render(made.tokenizer, given, answer=True)
        assert pair["chosen_ids"].strip() == "The home team.<|im_end|>"
        assert pair["rejected_ids"].strip() == "Two to one.<|im_end|>"


@pytest.mark.parametrize("text", [CHATML, HEADED, THINKS])
def test_a_greeting_is_learned_and_nothing_before_it(text: str) -> None:
    greeting = {"role": "assistant", "content": "Who won?"}
    stretches = chain.from_iterable(learned(template(text), [greeting, *TALK[:2]]))
    assert list(stretches) == ["Who won?<|im_end|>", "Two to one.<|im_end|>"]


@pytest.mark.parametrize("text", [CHATML, HEADED, THINKS])
def test_of_two_answers_in_a_row_each_is_learned_once(text: str) -> None:
    stretches = chain.from_iterable(learned(template(text), [TALK[0], TALK[1], TALK[3]]))
    assert list(stretches) == ["Two to one.<|im_end|>", "The home team.<|im_end|>"]


def test_an_answer_stands_behind_what_only_the_serving_prompt_has() -> None:
    made = template(BEGINS_A_THOUGHT)
    asked = chat.render(made.tokenizer, TALK[:1], answer=True)
    assert asked.endswith("<think>\n")
    assert spans(made, TALK[:2]) == [(asked, "Two to one.<|im_end|>")]


def test_what_stands_before_an_answer_and_cannot_be_told_fails_with_words() -> None:
    from trainer.engine.failures import Unloadable

    made = template(WITH_CHANNEL)
    assert learned(made, TALK[:2]) == [[" last:Two to one.<|im_end|>"]]
    with pytest.raises(Unloadable, match="elsewhere than where it asks"):
        made.sequences({"messages": [TALK[0], TALK[1], TALK[3]]})


def test_words_that_a_template_changes_fail_the_job() -> None:
    from trainer.engine.failures import Unloadable

    made = template(CHATML.replace("{{ m.content }}", "{{ m.content | upper }}"))
    with pytest.raises(Unloadable, match="changes the words of an answer"):
        made.sequences({"messages": TALK})


@pytest.mark.parametrize("text", [TAKES_OUT, DROPS])
def test_thinking_that_a_template_takes_out_is_named(text: str) -> None:
    from trainer.engine.failures import Unloadable

    made = template(text)
    thoughtful = {**TALK[1], "content": THOUGHT + TALK[1]["content"]}
    with pytest.raises(Unloadable, match=r"thinking out of answers: leave <think>...</think> out"):
        made.sequences({"messages": [TALK[0], thoughtful]})
    calling = {"role": "assistant", "content": THOUGHT, "tool_calls": [CALL]}
    with pytest.raises(Unloadable, match="thinking out of answers"):
        made.sequences({"messages": [TALK[0], calling]})
    empty = {**TALK[1], "content": "<think></think>" + TALK[1]["content"]}
    assert learned(made, [TALK[0], empty]) == [["Two to one.<|im_end|>"]]


def test_thinking_is_learned_where_the_template_keeps_it() -> None:
    thoughtful = {**TALK[1], "content": THOUGHT + TALK[1]["content"]}
    assert learned(template(CHATML), [TALK[0], thoughtful]) == [[thoughtful["content"] + "<|im_end|>"]]
    (words,) = learned(template(BEGINS_A_THOUGHT), [TALK[0], thoughtful])
    assert words == [THOUGHT.removeprefix("<think>\n") + "Two to one.<|im_end|>"]


@pytest.mark.parametrize("method", ["supervised", "preference"])
def test_where_a_template_changes_how_many_examples_there_are_the_steps_are_told(
    method: str, tmp_path: Path
) -> None:
    from importlib import import_module

    from trainer.engine import data, plan

    hyper = plan.settle({"n_epochs": 2, "batch_size": 2}, {"batch_size": 2, "auto_steps": 9}, 6, method)
    folder = JobFolder(tmp_path)
    long = [{"role": "user", "content": "Who won? " * 40}]
    rows = [{"messages": TALK}] * 6
    told = "6 examples are learned as 12 sequences: there are 12 steps, not 6"
    if method == "preference":
        outputs = {"preferred_output": TALK[1:2], "non_preferred_output": TALK[3:]}
        rows = [{"input": {"messages": m}, **outputs} for m in [TALK[:1], long, long] * 2]
        told = "6 examples are learned as 2 sequences: there are 2 steps, not 6"
    prepare = import_module(f"trainer.engine.{method}").prepare
    prepared = prepare(template(THINKS), rows, [], 60)
    data.tell_steps(folder, hyper, prepared)
    data.tell_steps(folder, hyper, prepared)
    assert [record["message"] for _, record in folder.records()] == [told]
    assert "6 steps for 6 examples as the file has them" in plan.explain(
        hyper, {}, {"learning_rate": 1, "dpo_learning_rate": 1}, 6
    )


def test_where_each_example_is_one_sequence_nothing_more_is_told(tmp_path: Path) -> None:
    from trainer.engine import data, plan, supervised

    rows = [{"messages": TALK}] * 6
    hyper = plan.settle({}, {"batch_size": 2, "auto_steps": 9}, 6, "supervised")
    data.tell_steps(JobFolder(tmp_path), hyper, supervised.prepare(template(CHATML), rows, [], 60))
    assert not list(JobFolder(tmp_path).records())
