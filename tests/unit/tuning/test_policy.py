"""Who may do what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.records import make_dataset, make_job, make_model
from tuning.policy import Action, NotAllowedTo, may, require, to_see_rows
from tuning.records import Person

THINGS = (make_dataset(), make_job(), make_model())
OWNER, MEMBER = Person("T1", "U1"), Person("T1", "U2")
ADMIN, STRANGER = Person("T1", "U9", admin=True), Person("T2", "U1", admin=True)
FREE = (Action.see, Action.ask, Action.train)
GUARDED = (Action.cancel, Action.delete)


@pytest.mark.parametrize("thing", THINGS)
def test_members_see_ask_and_train_and_only_owners_and_administrators_end_things(thing: object) -> None:
    for action in FREE:
        assert all(may(person, action, thing) for person in (OWNER, MEMBER, ADMIN))
    for action in GUARDED:
        assert may(OWNER, action, thing)
        assert may(ADMIN, action, thing)
        assert not may(MEMBER, action, thing)


@pytest.mark.parametrize("thing", THINGS)
def test_nobody_of_another_workspace_may_do_anything_not_even_its_administrator(thing: object) -> None:
    assert not any(may(STRANGER, action, thing) for action in Action)
    assert not may(replace(OWNER, workspace=""), Action.see, thing)


def test_a_refusal_names_the_thing_and_its_owner() -> None:
    with pytest.raises(NotAllowedTo) as refused:
        require(MEMBER, Action.cancel, make_job(), "job ft-7")
    assert refused.value.message == "Only its owner or an administrator may cancel job ft-7."
    assert refused.value.owner == "U1"
    require(OWNER, Action.cancel, make_job(), "job ft-7")


def test_examples_are_for_members_unless_nobody_else_has_seen_the_file() -> None:
    shared, direct = make_dataset(), make_dataset(direct=True)
    assert may(MEMBER, to_see_rows(shared), shared)
    assert not may(MEMBER, to_see_rows(direct), direct)
    assert all(may(person, to_see_rows(direct), direct) for person in (OWNER, ADMIN))
    assert not may(MEMBER, Action.see_private, shared)
