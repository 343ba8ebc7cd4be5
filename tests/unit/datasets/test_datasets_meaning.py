# ruff: noqa: E501 -- rows of tables
"""What is doubtful about what rows say: repeats, contradictions, leaks, labels, prompts, lengths, scripts."""

from __future__ import annotations

import gzip
import json
import random
from array import array
from pathlib import Path

import pytest
from dataset_rows import chat, good
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning.datasets import Report, check, check_file, examples
from tuning.datasets.columns import repeated
from tuning.datasets.language import script_of
from tuning.datasets.text import render
from tuning.datasets.words import pairs, words

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


def test_short_rows_that_say_the_same_in_other_bytes_are_found_once(write):
    one = chat(("system", "s"), ("user", "Two and two?"), ("assistant", "Four."))
    rows = [
        *(labelled(f"{n} and 1?", f"It is {n + 1}.") for n in range(20)),
        one,
        one,
        json.dumps(one, indent=None, separators=(",", ":")).encode(),
        chat(("system", "s"), ("user", "two, and two"), ("assistant", "four")),
    ]
    report = check_file(write(*rows))
    assert [c for c in codes(report) if c[0] in ("near_duplicate", "duplicate_row")] == [
        ("duplicate_row", 22), ("near_duplicate", 23), ("near_duplicate", 24)]  # fmt: skip
    last = [finding for finding in report.findings if finding.code == "near_duplicate"][-1]
    assert "says the same as row 21" in last.message


def test_a_set_in_which_all_answers_are_the_same_is_told(write):
    rows = [chat(("system", "s"), ("user", " ".join(prose(n))), ("assistant", "spam")) for n in range(60)]
    assert codes(check_file(write(*rows))) == [("one_answer", None)]
    assert codes(check_file(write(*rows, labelled("Is it?", "ham", "s")))) != [("one_answer", None)]


def test_spellings_of_one_label_are_counted_together_for_the_balance(write):
    labels = ["good", "bad"] * 29 + ["Good", "bad "]
    rows = [labelled(" ".join(prose(n)), label) for n, label in enumerate(labels)]
    assert codes(check_file(write(*rows))) == [("label_variant", 59), ("label_variant", 60)]


def test_texts_without_spaces_are_compared_by_characters(write):
    text = "机器学习模型需要大量高质量的训练数据才能在实际应用中取得良好的效果并且保持稳定"
    assert len(pairs(words(text))) > 20
    rows = [
        chat(("system", "s"), ("user", said), ("assistant", f"好的{n}"))
        for n, said in enumerate([text, "完全不同的句子" * 5, text + "吗"])
    ]
    found = [finding for finding in check_file(write(*rows)).findings if finding.code == "near_duplicate"]
    assert [(finding.row, "with row 1" in finding.message) for finding in found] == [(3, True)]


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
    assert "case, spaces or punctuation" in report.findings[0].message


def test_rare_labels_and_other_spellings_are_told(write):
    rows = [labelled(" ".join(prose(n)), "sport") for n in range(60)]
    rows += [
        labelled(" ".join(prose(100 + n)), label)
        for n, label in enumerate(["Sport ", "money", "money", "money"])
    ]
    report = check_file(write(*rows))
    assert codes(report) == [("label_imbalance", None), ("label_variant", 61)]
    assert "'Sport '" in report.findings[1].message


def test_half_a_character_in_a_label_a_prompt_or_a_tool_can_still_be_reported(write):
    half = "\ud83d"
    rows = [labelled(f"text {n}", f"label{half}" if n % 2 else "other", system=half) for n in range(60)]
    tool = {"type": "function", "function": {"name": half}}
    report = check_file(write(*({**row, "tools": [tool]} for row in rows)))
    assert (report.labels, report.system_prompt, report.tools) == ({"label?": 30, "other": 30}, "?", ("?",))
    assert Report.from_json(report.to_json()) == report
    assert "lone_surrogate" in report.codes


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


SAID = [
    "The parcel leaves our warehouse on the day after you order it, and it takes two days to arrive.",
    "You can return what you bought within thirty days, as long as the box was never opened before.",
    "Our shop opens at nine in the morning and closes at six in the evening, but never on Sundays.",
]


def test_an_answer_in_another_language_than_nearly_all_is_told(write):
    rows = [chat(("system", "s"), ("user", f"{n}?"), ("assistant", f"{SAID[n % 3]} {n}")) for n in range(60)]
    german = "Das Paket verlässt unser Lager am Tag nach der Bestellung und ist nach zwei Tagen bei Ihnen."
    rows[40] = chat(("system", "s"), ("user", "40?"), ("assistant", german))
    found = [f for f in check_file(write(*rows)).findings if f.code == "other_language"]
    assert [(f.row, "in German, others in English" in f.message) for f in found] == [(41, True)]


def test_a_set_in_two_languages_and_short_or_unclear_answers_are_left_alone(write):
    german = "Das Paket verlässt unser Lager am Tag nach der Bestellung und ist nach zwei Tagen bei Ihnen."
    mixed = [SAID[0], german]
    rows = [chat(("system", "s"), ("user", f"{n}?"), ("assistant", f"{mixed[n % 2]} {n}")) for n in range(60)]
    assert check_file(write(*rows)).codes.get("other_language") is None
    rows = [chat(("system", "s"), ("user", f"{n}?"), ("assistant", f"{SAID[n % 3]} {n}")) for n in range(60)]
    for n, short in enumerate(["Oui, merci.", "Paris", "SELECT * FROM users WHERE id = 3;", "{'a': [1, 2]}"]):
        rows[n * 7] = chat(("system", "s"), ("user", f"{n * 7}?"), ("assistant", short))
    assert check_file(write(*rows)).codes.get("other_language") is None


REFUSAL = "I can't answer that from the text."


def asked(number: int, answer: str) -> dict[str, object]:
    return chat(("system", "s"), ("user", f"{number}: {' '.join(prose(number, 8))}?"), ("assistant", answer))


def test_refusals_are_checked_when_the_set_declares_them(write):
    rows = [asked(n, REFUSAL if n % 6 == 0 else f"It is {' '.join(prose(-n, 5))}.") for n in range(60)]
    rows[4] = asked(4, "Sorry, I don't know.")
    path = write(*rows)
    assert check_file(path).codes == {}
    report = check_file(path, refusals=[REFUSAL.upper()])
    assert codes(report) == [("refusal_variant", 5)]


def test_a_declared_refusal_that_no_row_or_nearly_every_row_has_is_told(write):
    none = write(*(asked(n, f"It is {' '.join(prose(-n, 5))}.") for n in range(60)), name="none")
    assert codes(check_file(none, refusals=[REFUSAL])) == [("refusal_missing", None)]
    most = write(
        *(asked(n, REFUSAL if n % 4 else f"It is {' '.join(prose(-n, 12))}.") for n in range(60)), name="most"
    )
    assert "75% of the rows" in check_file(most, refusals=[REFUSAL]).findings[0].message


def test_a_refusal_field_declares_refusals(write):
    rows = [asked(n, f"It is {' '.join(prose(-n, 5))}.") for n in range(60)]
    refusing = {"role": "assistant", "refusal": "I can't help with that."}
    rows[3] = {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, refusing]}
    rows[9] = asked(9, "I cannot help with that.")
    assert codes(check_file(write(*rows))) == [("refusal_variant", 10)]


def graded(number: int, **more: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": " ".join(prose(number, 9))}], "reference": "a"} | more


def test_a_reinforcement_item_that_asks_the_same_with_another_reference_is_a_contradiction(write):
    items = [
        {"messages": [{"role": "user", "content": f"{n} and 1?"}], "reference": n + 1} for n in range(20)
    ]
    again = [{**items[3], "reference": 9}, {**items[4], "messages": [{"role": "user", "content": "4 AND 1"}]}]
    found = [f for f in check_file(write(*items, *again)).findings if f.code == "contradiction"]
    assert [(f.row, "in row 4" in f.message) for f in found] == [(21, True)]


def test_grader_data_that_one_item_lacks_or_has_as_another_type_is_told(write):
    items = [graded(n) for n in range(60)]
    items[4] = graded(4, reference=7)
    del items[8]["reference"]
    items[9] = graded(9, extra=True)
    report = check_file(write(*items))
    assert [(f.code, f.row, f.path) for f in report.findings if f.row] == [
        ("grader_data", 5, "reference"),
        ("grader_data", 9, "reference"),
    ]
    assert "a whole number" in next(f.message for f in report.findings if f.row == 5)


def test_rows_that_differ_in_layout_alone_are_near_duplicates(write):
    row = chat(("system", "s"), ("user", " ".join(prose(1))), ("assistant", "a"))
    spaced = json.dumps(row, indent=None, separators=(" , ", " : ")).encode()
    others = [
        chat(("system", "s"), ("user", " ".join(prose(n))), ("assistant", f"a{n}")) for n in range(2, 61)
    ]
    report = check_file(write(row, spaced, row, *others))
    assert codes(report) == [("near_duplicate", 2), ("duplicate_row", 3)]


def test_a_training_set_too_big_to_be_searched_closely_is_searched_for_prompts(
    write, monkeypatch: pytest.MonkeyPatch
):
    train = write(*(asked(n, f"a{n}") for n in range(60)), name="train")
    near = chat(("system", "s"), ("user", f"So 5: {' '.join(prose(5, 8))}?"), ("assistant", "a5"))
    held = write(asked(3, "other"), near, *(asked(n, f"b{n}") for n in range(100, 160)), name="held")
    report = check_file(held, against=train)
    assert (report.against, codes(report)) == ("closely", [("leaked_row", 1), ("leaked_row", 2)])
    monkeypatch.setattr(check, "AGAINST_BYTES", 10)
    monkeypatch.setattr(check, "COMPARED_ROWS", 10)
    report = check_file(held, against=train)
    assert (report.compared, report.against, codes(report)) == (False, "same", [("leaked_row", 1)])
    assert "only the same prompts" in render(report, "held")


def test_a_packed_training_set_is_opened_and_one_without_rows_is_refused(write, tmp_path: Path):
    train = write(*(asked(n, f"a{n}") for n in range(60)), name="train")
    packed = tmp_path / "train.gz"
    packed.write_bytes(gzip.compress(train.read_bytes()))
    held = write(asked(3, "a3"), *(asked(n, f"b{n}") for n in range(100, 160)), name="held")
    assert codes(check_file(held, against=packed)) == [("leaked_row", 1)]
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(check.CannotRead, match="no row with messages"):
        check_file(held, against=table)


def test_rows_longer_than_can_be_read_are_left_out_and_rows_after_them_keep_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(examples, "LONGEST_ROW", 1000)
    path = tmp_path / "rows"
    rows = [good(1), chat(("user", "x" * 5000), ("assistant", "y")), good(2)]
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    found = list(examples.read_examples(path))
    assert [example.row for example in found] == [1, 3]
    with path.open("rb") as file:
        assert [examples.example_in(file, e.offset).prompt for e in found] == [e.prompt for e in found]


@settings(max_examples=200)
@given(st.lists(st.integers(-3, 3)))
def test_repeated_values_are_found_with_all_their_places(values: list[int]):
    groups = sorted(repeated(array("q", values)))
    wanted = {v: [i for i, own in enumerate(values) if own == v] for v in values if v}
    assert groups == sorted(places for places in wanted.values() if len(places) > 1)
