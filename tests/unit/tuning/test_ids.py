"""Ids of our own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tuning.ids import new_id, request_id

PARTS = st.lists(st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"])), min_size=1)


@given(PARTS, PARTS)
def test_the_same_request_has_the_same_id_and_another_has_another(one: list[str], other: list[str]) -> None:
    assert request_id("ftp", *one) == request_id("ftp", *one)
    assert (request_id("ftp", *one) == request_id("ftp", *other)) == (one == other)


def test_ids_can_be_read_aloud_and_never_repeat() -> None:
    made = {new_id("drop") for _ in range(1000)}
    assert len(made) == 1000
    for one in made:
        prefix, letters = one.split("_")
        assert prefix == "drop"
        assert len(letters) == 12
        assert letters.isalnum()
        assert letters == letters.lower()
