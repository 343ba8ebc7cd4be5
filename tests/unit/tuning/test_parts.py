"""A row cut into the parts that a form holds."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tuning.parts import LONGEST_FIELD, MOST_PARTS, joined, parts_of

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
