# ruff: noqa: E501 -- rows of tables
"""What is doubtful about what rows say: repeats, contradictions, leaks, labels, prompts, lengths, scripts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from dataset_rows import chat, good

from tuning.datasets import Report, check, check_file
from tuning.datasets.meaning import script_of
from tuning.datasets.near import near_pairs, shingles

EXAMPLES = Path(__file__).parents[3] / "examples"
WORDS = (EXAMPLES / "README.md").read_text().split()


def prose(seed: int, words: int = 60) -> list[str]:
    chance = random.Random(seed)
    return [chance.choice(WORDS) + str(chance.randrange(40)) for _ in range(words)]


def labelled(text: str, label: str, system: str = "Sort it.") -> dict[str, object]:
    return chat(("system", system), ("user", text), ("assistant", label))


def codes(report: Report) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.row) for finding in report.findings]


def test_a_row_with_a_few_words_changed_is_a_near_duplicate_of_the_first(write):
    rows = [
        chat(("system", "s"), ("user", " ".join(prose(n))), ("assistant", " ".join(prose(-n - 1))))
        for n in range(60)
    ]
    changed = [*prose(7)[:30], "but", "different", *prose(7)[30:]]
    rows.append(
        chat(("system", "s"), ("user", " ".join(changed).upper()), ("assistant", " ".join(prose(-8))))
    )
    report = check_file(write(*rows))
    assert codes(report) == [("near_duplicate", 61)]
    assert "with row 8" in report.findings[0].message


def test_rows_of_one_template_are_no_near_duplicates(write):
    template = (
        "You are given a customer's request. Read it with care, then say which desk should answer it: {}?"
    )
    rows = [
        chat(("system", "s"), ("user", template.format(" ".join(prose(n, 4)))), ("assistant", f"Desk {n}"))
        for n in range(60)
    ]
    assert codes(check_file(write(*rows))) == []


def test_the_same_words_in_other_spelling_and_spacing_are_found(check_rows):
    one = "Please tell me, in plain words, how a heat pump takes warmth from cold winter air."
    rows = [
        chat(("system", "s"), ("user", text), ("assistant", "It works like a fridge."))
        for text in (one, one.upper().replace(" ", "  "))
    ]
    assert ("near_duplicate", 2) in codes(check_rows(*rows))


def test_texts_without_spaces_are_compared_by_characters():
    text = "机器学习模型需要大量高质量的训练数据才能在实际应用中取得良好的效果并且保持稳定"
    assert len(shingles(text)) > 20
    assert [(pair.later, pair.earlier) for pair in near_pairs([text, "完全不同的句子" * 5, text + "吗"])] == [
        (2, 0)
    ]


def test_one_prompt_with_two_answers_is_a_contradiction(check_rows):
    rows = [chat(("system", "Be brief."), ("user", text), ("assistant", answer)) for text, answer in
            [("Is it open on Sunday?", "Yes."), ("is it open on sunday", "No."), ("Is it open on Sunday?", "yes")]]  # fmt: skip
    found = [pair for pair in codes(check_rows(*rows)) if pair[0] == "contradiction"]
    assert found == [("contradiction", 2)]


def test_an_open_prompt_with_many_answers_is_told_once(check_rows):
    rows = [
        chat(("system", "Be brief."), ("user", "Tell a joke."), ("assistant", " ".join(prose(n))))
        for n in range(20)
    ]
    assert [c for c in codes(check_rows(*rows)) if c[0] == "contradiction"] == [("contradiction", 1)]


def test_a_preference_pair_contradicts_another_only_when_it_prefers_what_that_rejects(write):
    pair = [{"input": {"messages": [{"role": "user", "content": f"Question {n}?"}]},
             "preferred_output": [{"role": "assistant", "content": f"Good {n} answer."}],
             "non_preferred_output": [{"role": "assistant", "content": f"Bad {n} answer."}]} for n in range(60)]  # fmt: skip
    swapped = {
        **pair[0],
        "preferred_output": pair[0]["non_preferred_output"],
        "non_preferred_output": pair[0]["preferred_output"],
    }
    third = {**pair[0], "preferred_output": [{"role": "assistant", "content": "Better."}]}
    assert [c for c in codes(check_file(write(*pair, third, swapped))) if c[0] == "contradiction"] == [
        ("contradiction", 62)
    ]


def test_a_row_with_another_system_prompt_than_most_is_told(check_rows):
    report = check_rows(chat(("system", "be brief"), ("user", "u"), ("assistant", "a")))
    assert codes(report) == [("other_system_prompt", 1)]
    assert "case, punctuation or spaces" in report.findings[0].message


def test_rare_labels_and_other_spellings_are_told(write):
    rows = [labelled(" ".join(prose(n)), "sport") for n in range(60)]
    rows += [
        labelled(" ".join(prose(100 + n)), label)
        for n, label in enumerate(["Sport ", "money", "money", "money"])
    ]
    report = check_file(write(*rows))
    assert codes(report) == [("label_imbalance", None), ("label_variant", 61)]
    assert "'Sport '" in report.findings[1].message


def test_a_row_far_longer_than_the_rest_is_told(check_rows):
    long = chat(("system", "Be brief."), ("user", "u"), ("assistant", " ".join(prose(1, 600))))
    assert codes(check_rows(long)) == [("length_outlier", 1)]


def test_an_answer_in_another_script_is_told(check_rows):
    report = check_rows(chat(("system", "Be brief."), ("user", "u"), ("assistant", "Ответ на вопрос.")))
    assert codes(report) == [("other_script", 1)]
    assert "Cyrillic" in report.findings[0].message


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello there", "Latin"),
        ("où êtes-vous", "Latin"),
        ("12:30", None),
        ("", None),
        ("こんにちは世界", "Han or Kana"),
    ],
)
def test_scripts_are_told_by_most_letters(text: str, script: str | None):
    assert script_of(text) == script


def test_validation_rows_that_stand_in_the_training_set_are_leaks(write):
    train = [chat(("system", "s"), ("user", " ".join(prose(n))), ("assistant", f"a{n}")) for n in range(60)]
    near = [*prose(5)[:-1], "changed"]
    held = [
        chat(("system", "s"), ("user", " ".join(prose(1000 + n))), ("assistant", f"b{n}")) for n in range(50)
    ]
    held += [
        train[3],
        chat(("system", "s"), ("user", train[4]["messages"][1]["content"].upper()), ("assistant", "other")),
    ]
    held += [chat(("system", "s"), ("user", " ".join(near)), ("assistant", "a5"))]
    report = check_file(write(*held, name="held"), against=write(*train, name="train"))
    assert codes(report) == [("leaked_row", 51), ("leaked_row", 52), ("leaked_row", 53)]
    assert [
        f"row {n} of the training set" in f.message for n, f in zip((4, 5, 6), report.findings, strict=True)
    ] == [True] * 3
    assert "same prompt" in report.findings[1].message


def test_the_example_sets_do_not_leak():
    assert check_file(EXAMPLES / "news_heldout.jsonl", against=EXAMPLES / "news_train.jsonl").codes == {
        "few_rows": 1
    }


def test_big_files_say_that_rows_were_not_compared_unless_asked(write, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(check, "COMPARED_ROWS", 50)
    path = write(
        *(good(n) for n in range(60)), chat(("system", "Be loud."), ("user", "u"), ("assistant", "a"))
    )
    report = check_file(path)
    assert (report.compared, codes(report)) == (False, [])
    report = check_file(path, deep=True)
    assert (report.compared, codes(report)) == (True, [("other_system_prompt", 61)])
