"""Whatever JSON a server sends, reading it gives a record or says that it is garbled."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.openai_records import (
    checkpoint_record,
    clean,
    entries,
    event_record,
    file_record,
    job_record,
    model_record,
    parsed,
)
from tuning.errors import BackendGarbled

ANY_TEXT = st.text(st.characters(codec=None, categories=["L", "Cs", "Cc", "So"]), max_size=8)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
IDS = ["id", "status", "filename", "fine_tuned_model_checkpoint"]
NUMBERS = ["created_at", "finished_at", "step_number", "bytes"]
OTHERS = ["metrics", "data", "error", "metadata", "message", "type", "level", "code"]
FIELDS = st.sampled_from(IDS + NUMBERS + OTHERS)
BODIES = st.dictionaries(FIELDS, ANY_JSON, max_size=12)
READERS = [file_record, job_record, event_record, checkpoint_record, model_record, entries]


@pytest.mark.parametrize("reader", READERS)
@given(body=BODIES)
def test_any_object_is_a_record_or_garbled(reader: Callable[[Any], object], body: dict[str, Any]) -> None:
    try:
        assert reader(body) is not None
    except BackendGarbled:
        return


@given(st.binary(max_size=40) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_object_or_garbled(content: bytes) -> None:
    try:
        assert isinstance(parsed(content), dict)
    except BackendGarbled:
        return


@given(ANY_JSON)
def test_what_is_clean_can_be_kept_anywhere(value: object) -> None:
    kept = json.dumps(clean(value), allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert b"\\u0000" not in kept
    assert clean(clean(value)) == clean(value)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text
