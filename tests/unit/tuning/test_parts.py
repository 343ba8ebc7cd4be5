"""A row cut into the parts that a form holds."""

from __future__ import annotations

import json
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from tuning import parts as module
from tuning.parts import LONGEST_FIELD, MOST_PARTS, gaps, joined, parts_of

MESSAGES = st.lists(st.text(st.sampled_from('ab \t\u3042\U0001f600{}",:'), max_size=9000), max_size=8)


def width(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(MESSAGES)
def test_parts_fit_a_field_and_joined_they_are_the_row(messages: list[str]) -> None:
    for spelling in (True, False):
        row = json.dumps([{"role": "user", "content": said} for said in messages], ensure_ascii=spelling)
        parts = parts_of(row)
        if parts is not None:
            assert joined(parts) == row
            assert len(parts) <= MOST_PARTS
            assert all(0 < width(part) <= LONGEST_FIELD for part in parts)


def test_white_space_at_their_ends_may_be_lost_and_a_message_begins_one() -> None:
    said = "Once upon a time " * 250
    row = json.dumps({"messages": [{"role": role, "content": said} for role in ("user", "assistant")]})
    parts = parts_of(row)
    assert parts
    assert json.loads(joined([part.strip() for part in parts])) == json.loads(row)
    assert any(part.startswith('{"role": "assistant"') for part in parts)


def test_a_row_longer_than_a_form_takes_has_no_parts() -> None:
    assert parts_of("x" * 100_000) is None
    assert parts_of("\u3042" * 30_000) is None


WORDS = st.lists(
    st.sampled_from(["x ", "x  ", "word ", "\u3042", "\U0001f600 ", " ", "z" * 700]), max_size=60
)


@given(WORDS, st.integers(1, 400))
def test_few_cuts_are_made_and_a_form_that_takes_outer_spaces_away_loses_none(
    words: list[str], times: int
) -> None:
    text = json.dumps({"content": "".join(words) * times}, ensure_ascii=False)
    cuts = 0
    with patch.object(module, "_cut", wraps=module._cut) as cut:
        parts = parts_of(text)
        cuts = cut.call_count
    assert cuts <= MOST_PARTS
    if parts:
        assert joined(parts) == text
        assert joined([part.strip() for part in parts], gaps(parts)) == text
        assert all(0 < width(part) <= LONGEST_FIELD for part in parts)
        assert all(len(part) >= 600 for part in parts[:-1])


def test_one_letter_words_have_parts_and_long_runs_of_white_space_have_none() -> None:
    assert len(parts_of("x " * 2500) or ()) == 3
    assert parts_of("x" + " " * 9000 + "y") is None
