"""A dataset's page, its examples and the forms keep to Slack's limits, and nothing in them is live."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from views_limits import check_message, check_view
from views_samples import (
    NOW,
    dataset,
    drop,
    finding,
    hostile,
    hostile_datasets,
    hostile_drops,
    hostile_findings,
    hostile_jobs,
    hostile_models,
    job,
    model,
    report,
    thrifty,
)

from tuning.datasets.report import TokenStats
from tuning.errors import Gone
from tuning.findings import FEW
from tuning.library import Page, Preview
from tuning.mending import Mended, OpenRow
from tuning.records import Dataset, Diff, Drop, Edit, Job, Model
from tuning.rows import Row
from views.conversation import example
from views.dataset_modals import rename_modal, share_modal
from views.dataset_page import dataset_page, deleted_notice, examples_page, renamed_notice, shared_card
from views.findings import findings_comment
from views.mending import problem_modal, step_modal
from views.rejected import diff_words

KEYS = [
    "messages",
    "role",
    "content",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "input",
    "weight",
    "tools",
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | hostile,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | hostile, inner, max_size=5)
    ),
    max_leaves=12,
)
messages = st.lists(st.dictionaries(st.sampled_from(KEYS), anything, max_size=5) | anything, max_size=15)
values = st.fixed_dictionaries(
    {}, optional={"messages": messages, "preferred_output": messages, "input": anything}
)
texts = hostile | values.map(json.dumps) | anything.map(json.dumps)
some_rows = st.builds(Row, st.integers(1, 2**40), texts, st.booleans())


@thrifty
@given(
    hostile_datasets,
    st.lists(hostile_jobs, max_size=2),
    st.lists(hostile_models, max_size=2),
    st.lists(some_rows, max_size=2),
    hostile,
)
def test_any_dataset_has_a_page(
    dataset: Dataset, jobs: list[Job], models: list[Model], rows: list[Row], trouble: str
) -> None:
    check_message(dataset_page(Page(dataset, jobs, models, rows, True, trouble)))
    check_message(examples_page(Preview(dataset, dataset.latest, 3, rows, True)))
    check_message(shared_card(dataset, "U1ANNA"))
    check_message(renamed_notice("U1ANNA", dataset.name, dataset.owner))
    check_message(deleted_notice("U1ANNA", dataset.name, dataset.owner))
    check_view(share_modal(replace(dataset, id="ds1"), None))


@thrifty
@given(hostile_drops, some_rows, st.lists(hostile_findings, min_size=1, max_size=12), hostile)
def test_any_bad_row_can_be_shown(drop: Drop, row: Row, found: list[Any], why: str) -> None:
    for decided in (None, Edit("T1", "d", 1, None, "U1", NOW), Edit("T1", "d", 1, why * 50, "U1", NOW)):
        check_view(step_modal(OpenRow(drop, row, found, 1, 2**40, 3, decided, True), why))
    check_view(step_modal(Mended(drop, 1, 2, 3)))
    check_view(problem_modal(Gone(why)))


def test_the_page_tells_versions_jobs_models_and_the_spread_of_tokens() -> None:
    stats = TokenStats("o200k_base", 65536, 60, min=5, max=44, histogram=((5, 24, 1), (25, 44, 9)))
    one = dataset(report=report(tokens=stats))
    rows = [Row(1, '{"messages": [{"role": "user", "content": "Hi"}]}')]
    text = str(dataset_page(Page(one, [job()], [model()], rows, True)).blocks)
    for words in (
        "news_train@1",
        "ftjob-abc",
        "Training",
        model().id,
        "▁█",
        "5 to 44",
        "*user*: Hi",
        "More examples",
    ):
        assert words in text


def test_an_example_reads_as_a_conversation() -> None:
    row = {
        "input": {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url"}]}
            ]
        },
        "preferred_output": [{"role": "assistant", "content": "Yes", "weight": 0}],
        "non_preferred_output": [
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
        ],
    }
    text = example(Row(1, json.dumps(row)))
    assert "*user*: Look [image∗url]" in text.replace("_", "∗").replace("ˍ", "∗")
    assert "*preferred*\n🤖 *assistant* (not learned): Yes" in text
    assert "calls `f` with `{}`" in text


def test_a_diff_names_what_there_is() -> None:
    assert diff_words(Diff(2, 0, 1)) == "2 rows added, 1 row changed"
    assert "another order" in diff_words(Diff(0, 0, 0))


def test_the_rename_form_holds_the_name_and_the_dataset() -> None:
    form = rename_modal(dataset(), "C1")
    check_view(form)
    assert json.loads(form["private_metadata"]) == {"dataset_id": "ds1", "channel": "C1"}
    assert form["blocks"][1]["element"]["initial_value"] == "news_train"


def test_a_long_row_has_several_fields_and_one_too_long_for_a_form_can_be_dropped_and_not_saved() -> None:
    form = step_modal(OpenRow(drop(), Row(7, "x" * 3001), [finding()], 1, FEW, FEW))
    fields = [block for block in form["blocks"] if str(block.get("block_id")).startswith("row-7")]
    assert [field["label"]["text"] for field in fields] == ["Part 1 of 2", "Part 2 of 2"]
    form = step_modal(OpenRow(drop(), Row(7, "x" * 300_001), [finding()], 1, FEW, FEW))
    assert form["submit"]["text"] == "Next"
    assert "fix_drop" in str(form["blocks"])
    assert "line 7 of your file" in str(form["blocks"])


def test_the_comment_says_when_not_all_findings_are_in_the_file() -> None:
    some = {"findings": 12, "of": "a.jsonl"}
    assert findings_comment(some) == "All 12 findings of `a.jsonl`: errors first, then row by row."
    stopped = findings_comment({**some, "partial": True})
    assert stopped == "All 12 findings of `a.jsonl` as far as it was checked: errors first, then row by row."
    assert findings_comment({"findings": 10**6, "of": "a.jsonl"}).startswith("The first 200,000 of 1,000,000")
