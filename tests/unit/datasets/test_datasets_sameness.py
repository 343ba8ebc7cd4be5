# ruff: noqa: E501 -- rows of tables
"""What makes two rows the same: sums, code, labels and documents that only look alike aren't."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from dataset_rows import chat
from hypothesis import given
from hypothesis import strategies as st

from tuning.datasets import check_file
from tuning.datasets.alike import same
from tuning.datasets.words import normal

NAMES = ["Arle", "Brim", "Corwen", "Dunley", "Esk", "Farrow", "Glenn", "Hythe", "Inver", "Jarrow", "Kirk"]
MEANING = {"contradiction", "near_duplicate", "label_variant", "leaked_row"}
NOUNS = [
    "bridge",
    "harbour",
    "museum",
    "orchard",
    "station",
    "theatre",
    "tunnel",
    "library",
    "market",
    "garden",
    "castle",
    "factory",
]
VERBS = [
    "opened",
    "closed",
    "moved",
    "burned",
    "flooded",
    "expanded",
    "merged",
    "restored",
    "painted",
    "inspected",
]


def row(prompt: str, answer: str) -> dict[str, object]:
    return chat(("system", "Be exact."), ("user", prompt), ("assistant", answer))


def told(report) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.row) for finding in report.findings if finding.code in MEANING]


def sums(operators: str = "+-*") -> Iterator[tuple[str, str]]:
    for a in range(21, 29):
        for b in (4, 7):
            for operator in operators:
                result = {"+": a + b, "-": a - b, "*": a * b}[operator]
                yield f"Work out {a}{operator}{b}, please.", str(result)


def test_correct_sums_are_left_alone(write):
    signed = [(f"Halve {n}", f"{n / 2}") for n in (-8, 8, -6, 6, -0.5, 0.5, -5, 5)]
    others = [("What is 4!?", "24"), ("What is 4?", "A number."), ("What is 3×2?", "6"), ("What is 3÷2?", "1.5"),
              ("Expand (a+b)*c", "a*c + b*c"), ("Expand a+(b*c)", "a + b*c"), ("Is 1.5 odd?", "Neither."), ("Is 15 odd?", "Yes.")]  # fmt: skip
    assert told(check_file(write(*(row(*both) for both in [*sums(), *signed, *others])))) == []


SQL = (
    "SELECT c.name, c.city, SUM(o.total) AS spent FROM customers c JOIN orders o ON o.customer_id = c.id"
    " WHERE o.total {} {} GROUP BY c.name, c.city ORDER BY spent DESC LIMIT 20;"
)


def test_queries_that_differ_in_an_operator_or_a_number_are_left_alone(write):
    asked = "Write the query that lists what customers spent by name and city, the best twenty, of orders with total {} {}"
    rows = [row(asked.format(o, n), SQL.format(o, n)) for o in (">", "<", ">=", "<=", "=", "!=", "<>") for n in range(10, 90, 10)]  # fmt: skip
    assert told(check_file(write(*rows))) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"What matches \w+", r"What matches \W+"),
        (r"What matches \s*", r"What matches \s+"),
        (r"What matches \d?", r"What matches \d"),
        (r"What is \Delta", r"What is \delta"),
        ("What is [^a]", "What is [a]"),
        ("What does ~x do", "What does x do"),
        ("Is !p || q true?", "Is p || !q true?"),
        ("What does *p mean", "What does &p mean"),
        ("What is x++", "What is x--"),
        ("Who is @ann?", "Who is ann?"),
        ("It costs $5, right?", "It costs 5, right?"),
        ("Is F# hard?", "Is F hard?"),
        ("Is 5% much?", "Is 5 much?"),
        ("Is a/b defined?", "Is a\\b defined?"),
        ("Is the march on Monday?", "Is the March on Monday?"),
        ("print(Total) = 3;", "print(total) = 3;"),
    ],
)
def test_texts_that_differ_in_a_sign_or_in_telling_case_are_not_the_same(write, one: str, other: str):
    rows = [
        row(one, "Yes, the first."),
        row(other, "No, not so."),
        *(row(f"{n} and 1?", str(n)) for n in range(9)),
    ]
    assert told(check_file(write(*rows))) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Is the shop open?", "is the shop open"),
        ("Is the shop open?", "IS THE SHOP OPEN!"),
        ("Say “yes”, it’s fine", "Say 'yes' it's fine."),
        ("What is 3 + 4?", "what is 3+4"),
        ("Where is the caf\u00e9?", "where is the cafe\u0301?!"),
        ("2010–2012: why?", "2010-2012 why"),
        ("Wait... what?", "Wait… what"),
    ],
)
def test_spaces_case_typography_and_the_end_of_a_sentence_do_not_count(write, one: str, other: str):
    rows = [
        row(one, "Yes, it is so."),
        row(other, "Not now."),
        *(row(f"{n} and 1?", str(n)) for n in range(9)),
    ]
    report = check_file(write(*rows))
    assert told(report) == [("contradiction", 2)]
    message = next(f.message for f in report.findings if f.code == "contradiction")
    assert message.startswith(
        "The same prompt but for case, spaces or punctuation has another answer in row 1"
    )


@pytest.mark.parametrize(
    "labels",
    [("A", "A+", "A-", "B", "B+"), ("C", "C++", "C#", "F#"), ("-2", "-1", "1", "+1", "2"), ("<", ">", "=", "<="), ("1.5", "15", "1"), ("!", "?!", "#"), (r"\d", r"\D")],
)  # fmt: skip
def test_labels_that_differ_in_a_sign_are_labels_of_their_own(write, labels: tuple[str, ...]):
    rows = [
        row(f"Essay {n} about a {NOUNS[n % 12]} that {VERBS[n % 10]}", labels[n % len(labels)])
        for n in range(60)
    ]
    assert told(check_file(write(*rows))) == []


def test_spellings_of_a_label_in_case_spaces_and_full_stop_are_variants(write):
    labels = ["A+"] * 20 + ["b-"] * 20 + ["a+", "A +", "B-."]
    rows = [
        row(f"Essay {n} about a {NOUNS[n % 12]} that {VERBS[n % 10]}", label)
        for n, label in enumerate(labels)
    ]
    assert told(check_file(write(*rows))) == [("label_variant", n) for n in (41, 42, 43)]


def document(seed: int) -> str:
    chance = random.Random(seed)

    def thing() -> str:
        return f"{chance.choice(NOUNS)} {chance.choice(NAMES)}{chance.randrange(99)}"

    return " ".join(
        f"The {thing()} {chance.choice(VERBS)} when {thing()} {chance.choice(VERBS)} nearby."
        for _ in range(25)
    )


ASKED = [
    ("When was the oldest building put up?", "In the year 1804, by order of the mayor."),
    ("Which town lost its harbour?", "Brim did, to a storm."),
    ("Who paid for the repairs?", "A group of local traders."),
    ("How many visitors came each week?", "About 300."),
    ("Does it say why the market moved?", "I can't answer that from the text."),
    ("What colour is the roof?", "I can't answer that from the text."),
]


@pytest.mark.parametrize("form", ["Context:\n{}\n\nQuestion: {}", "{} {}", "{1}\n\n{0}"])
def test_other_questions_about_one_document_are_no_duplicates(write, form: str):
    rows = [row(form.format(document(n), q), a) for n in range(10) for q, a in ASKED]
    assert told(check_file(write(*rows))) == []


def test_one_question_in_slightly_other_words_about_one_document_is_a_duplicate(write):
    rows = [row(f"{document(n)}\n\n{q}", a) for n in range(10) for q, a in ASKED]
    again = "When exactly was the oldest building put up?"
    rows += [
        row(f"{document(3)}\n\n{again}", ASKED[0][1]),
        row(f"{document(4)}\n\n{again}", "In the year 1804, by the mayor's order."),
        row(f"{document(5)}\n\n{again}", "In the year 1904, by order of the mayor."),
        row(f"{document(6).replace('nearby', 'far away', 1)}\n\n{ASKED[1][0]}", ASKED[1][1]),
    ]
    assert told(check_file(write(*rows))) == [
        ("near_duplicate", 61),
        ("near_duplicate", 62),
        ("near_duplicate", 64),
    ]


def test_a_prompt_of_another_sign_is_no_leak_and_one_in_other_spelling_is(write):
    train = write(*(row(*both) for both in sums("+")), name="train")
    clean = write(*(row(*both) for both in sums("-*")), name="clean")
    assert told(check_file(clean, against=train)) == []
    again = [
        ("WORK OUT 21 + 4 PLEASE", "25"),
        ("Work out 22+7, please.", "thirty"),
        ("work out 21+4 please", "26"),
    ]
    report = check_file(write(*(row(*both) for both in [*sums("*"), *again]), name="leaky"), against=train)
    leaked = [finding for finding in report.findings if finding.code == "leaked_row"]
    assert [finding.row for finding in leaked] == [17, 18, 19]
    said = [finding.message.split(" of the")[0] for finding in leaked]
    assert said == [
        "The same row but for case, spaces or punctuation is row 1",
        "The same prompt is row 4",
        "The same prompt but for case, spaces or punctuation is row 1",
    ]


def test_other_questions_about_a_document_of_the_training_set_are_no_leaks(write):
    train = write(*(row(f"{document(n)}\n\n{q}", a) for n in range(10) for q, a in ASKED[:3]), name="train")
    held = [row(f"{document(n)}\n\n{q}", a) for n in range(10) for q, a in ASKED[3:]]
    assert told(check_file(write(*held), against=train)) == []
    held.append(row(f"Please read this.\n{document(7)}\n\n{ASKED[1][0]}", "Esk, I think."))
    assert told(check_file(write(*held), against=train)) == [("leaked_row", 31)]


def test_preference_pairs_and_items_of_other_signs_do_not_contradict(write):
    pairs, items = [], []
    for n in range(3, 20):
        for operator, good, bad in (("+", n + 7, n - 7), ("-", n - 7, n + 7)):
            asked = [{"role": "user", "content": f"{n}{operator}7"}]
            answers = [[{"role": "assistant", "content": str(value)}] for value in (good, bad)]
            pairs.append(
                {
                    "input": {"messages": asked},
                    "preferred_output": answers[0],
                    "non_preferred_output": answers[1],
                }
            )
            items.append({"messages": asked, "answer": str(good)})
    assert told(check_file(write(*pairs))) == []
    assert told(check_file(write(*items))) == []


def test_what_is_told_says_in_what_the_rows_differ(write):
    rows = [row(f"{n} and 1?", str(n + 1)) for n in range(9)]
    rows += [row("4 and 1", "5"), chat(("user", "3 and 1?"), ("system", "Be exact."), ("assistant", "4"))]
    found = [f.message for f in check_file(write(*rows)).findings if f.code == "near_duplicate"]
    assert [message.split(". ")[0] for message in found] == [
        "The row says the same as row 5 but for case, spaces or punctuation",
        "The row says the same as row 4",
    ]


def test_case_of_one_word_counts_and_case_of_all_does_not():
    assert not same("How do I polish it?", "How do I Polish it?", case_tells=True)
    assert same("How do I polish it?", "How do I Polish it?", case_tells=False)
    assert same("how do i polish it", "How do I polish it?", case_tells=True)
    assert same("polish it", "Polish it", case_tells=True)
    assert not same("x = Foo(y)", "x = foo(y)", case_tells=False)


@given(st.text(), st.text())
def test_texts_are_normal_whatever_they_hold(one: str, other: str):
    assert same(one, one, case_tells=True)
    assert normal(f"{one}\n{other}").split() == [*normal(one).split(), *normal(other).split()] or "!" in one
