"""What a corrected file's card says of the rejected one."""

from __future__ import annotations

from typing import Any

import pytest

from tuning.records import Correction, Diff
from views.corrections import correction_words

SAME = Diff(0, 0, 0)


@pytest.mark.parametrize(
    ("before", "after", "more", "words"),
    [
        ({"bad_json": 1}, {}, {}, "🩹 It corrects `a.jsonl` above. Its error is gone (1 × `bad_json`)."),
        (
            {"bad_json": 2, "data_type": 1},
            {},
            {"diff": Diff(0, 1, 2)},
            "🩹 It corrects `a.jsonl` above. 1 row removed, 2 rows changed. All 3 errors are gone "
            "(2 × `bad_json`, 1 × `data_type`).",
        ),
        (
            {"bad_json": 2, "data_type": 1},
            {"bad_json": 1, "too_few_rows": 1},
            {},
            "🩹 Against `a.jsonl` above: Gone: 1 × `data_type`. Still there: 1 × `bad_json` (there were 2). "
            "New: 1 × `too_few_rows`.",
        ),
        ({"bad_json": 1}, {"bad_json": 1}, {"diff": SAME}, "It has the same rows as `a.jsonl` above"),
        ({"not_jsonl": 1}, {}, {}, "🩹 It takes the place of `a.jsonl` above."),
        ({"ended_early": 1}, {}, {"whole": False}, "Only a part of that one was checked."),
    ],
)
def test_it_says_which_rows_changed_and_which_errors_are_gone_left_and_new(
    before: dict[str, int], after: dict[str, int], more: dict[str, Any], words: str
) -> None:
    (told,) = correction_words(Correction("drop_1", "a.jsonl", before, after, **more))
    assert words in told


def test_a_file_that_corrects_nothing_says_nothing() -> None:
    assert correction_words(None) == []
