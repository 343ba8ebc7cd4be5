"""The example files say what examples/README.md says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tuning.datasets import check_file

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_training_headlines_have_no_finding_and_four_even_labels():
    report = check_file(EXAMPLES / "news_train.jsonl")
    assert report.ok
    assert report.findings == ()
    assert report.format == "supervised"
    assert report.labels == {"Business": 32, "Sci/Tech": 32, "Sports": 32, "World": 32}
    assert report.system_prompt == "Name the section of this headline: World, Sports, Business or Sci/Tech."


def test_the_held_out_headlines_share_prompt_and_labels_with_the_training_ones_and_no_row():
    train, held = (check_file(EXAMPLES / f"news_{name}.jsonl") for name in ("train", "heldout"))
    assert held.rows >= 24
    assert held.system_prompt == train.system_prompt
    assert set(held.labels or {}) == set(train.labels or {})
    lines = [set((EXAMPLES / f"news_{name}.jsonl").read_text().splitlines()) for name in ("train", "heldout")]
    assert not lines[0] & lines[1]


def test_most_words_of_a_held_out_headline_stand_in_training_headlines_of_its_section():
    known: dict[str, set[str]] = {}
    for section, headline in _headlines("news_train.jsonl"):
        known.setdefault(section, set()).update(headline.lower().replace(",", "").split())
    for section, headline in _headlines("news_heldout.jsonl"):
        words = headline.lower().replace(",", "").split()
        assert sum(word in known[section] for word in words) >= len(words) - 1, headline


def _headlines(name: str) -> list[tuple[str, str]]:
    rows = [json.loads(line)["messages"] for line in (EXAMPLES / name).read_text().splitlines()]
    return [(messages[-1]["content"], messages[-2]["content"]) for messages in rows]


def test_the_broken_file_has_an_error_in_each_row_that_is_meant_to_be_wrong():
    report = check_file(EXAMPLES / "news_broken.jsonl")
    assert not report.ok
    assert {f.row for f in report.findings if f.severity == "error"} == {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13}
    assert {f.row for f in report.findings if f.severity == "warning"} == {None, 2, 13, 14, 15}


@pytest.mark.parametrize(("name", "kind"), [("home_tools", "supervised"), ("tone_dpo", "dpo")])
def test_the_other_examples_only_get_the_advice_to_have_more_rows(name: str, kind: str):
    report = check_file(EXAMPLES / f"{name}.jsonl")
    assert report.format == kind
    assert report.codes == {"few_rows": 1}


def test_the_tool_examples_name_their_tools():
    assert check_file(EXAMPLES / "home_tools.jsonl").tools == ("set_temperature", "turn_on")
