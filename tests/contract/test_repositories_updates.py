"""What the courier may rely on: which update is next in a channel, and when, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import SqlStore
from tests.fakes.records import NOON, after, make_update
from tuning.ports import Transaction
from tuning.records import Update, UpdateState


async def add(tx: Transaction, *updates: Update) -> None:
    for update in updates:
        await tx.updates.add(update)


async def change(tx: Transaction, ident: str, **more: object) -> Update:
    update = await tx.updates.get(ident)
    assert update
    changed = replace(update, **more)  # type: ignore[arg-type]
    await tx.updates.save(changed)
    return changed


async def sent(tx: Transaction, ident: str) -> Update:
    """What the courier does after a message went out."""
    update = await tx.updates.get(ident)
    assert update
    return await change(tx, ident, state=UpdateState.sent, ts="1.2", shown=update.revision)


async def next_id(tx: Transaction, channel: str = "C1", now: datetime = NOON, workspace: str = "T1") -> str:
    update = await tx.updates.next_in(workspace, channel, now)
    return update.id if update else ""


def card(subject: str, **more: object) -> Update:
    return make_update(f"card_{subject}", kind="job_card", subject=subject, **more)


async def test_updates_go_out_in_the_order_in_which_they_were_added(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, make_update("z", created_at=after(9)), make_update("a"), make_update("m"))
    seen = []
    async with store.begin() as tx:
        while ident := await next_id(tx):
            seen.append(ident)
            await sent(tx, ident)
    assert seen == ["z", "a", "m"]


async def test_an_update_is_told_once_however_often_it_is_added(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, make_update("a"), make_update("b"))
        await sent(tx, "a")
        await add(tx, make_update("a", payload={"again": True}))
        assert (update := await tx.updates.get("a"))
        assert update.state is UpdateState.sent
        assert update.payload == {}
        assert await next_id(tx) == "b"


async def test_an_update_whose_fate_is_unknown_is_next_again(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, make_update("a"), make_update("b"))
        sending = await change(tx, "a", state=UpdateState.sending, attempts=1)
        assert await tx.updates.next_in("T1", "C1", NOON) == sending
        assert await tx.updates.open_channels(NOON) == [("T1", "C1")]


async def test_a_channel_waits_when_its_first_update_must_wait(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, make_update("a"), make_update("b"), make_update("c", channel="C2"), card("old"))
        await sent(tx, "card_old")
        await tx.updates.revise("job_card", "old")
        await change(tx, "a", not_before=after(30))
        assert await next_id(tx, now=after(29)) == ""
        assert await tx.updates.open_channels(after(29)) == [("T1", "C2")]
        assert await next_id(tx, now=after(30)) == "a"
        assert await tx.updates.open_channels(after(30)) == [("T1", "C1"), ("T1", "C2")]


async def test_a_reply_waits_until_its_parent_is_sent_or_dead(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, card("x", channel="C9"), make_update("reply", parent="card_x"), make_update("other"))
        assert await next_id(tx) == "other"
        await sent(tx, "other")
        assert await next_id(tx) == ""
        await change(tx, "card_x", state=UpdateState.sending)
        assert await next_id(tx) == ""
        assert await tx.updates.open_channels(NOON) == [("T1", "C9")]
        await sent(tx, "card_x")
        assert await next_id(tx) == "reply"
        await change(tx, "card_x", state=UpdateState.dead)
        assert await next_id(tx) == "reply"
        assert await tx.updates.open_channels(NOON) == [("T1", "C1")]


async def test_a_dead_update_holds_nothing_up_and_is_never_edited(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, card("x"), make_update("b"))
        await change(tx, "card_x", state=UpdateState.dead)
        await tx.updates.revise("job_card", "x")
        assert await next_id(tx) == "b"
        await sent(tx, "b")
        assert await next_id(tx) == ""
        assert await tx.updates.open_channels(NOON) == []


async def test_new_messages_go_before_edits_and_the_longest_waiting_card_is_edited_first(
    store: SqlStore,
) -> None:
    async with store.begin() as tx:
        await add(tx, card("x"), card("y"))
        await sent(tx, "card_x")
        await sent(tx, "card_y")
        assert await next_id(tx) == ""
        for subject in ("y", "x", "y"):
            await tx.updates.revise("job_card", subject)
        await add(tx, make_update("new"))
        assert await next_id(tx) == "new"
        await sent(tx, "new")
        assert await next_id(tx) == "card_y"
        assert await tx.updates.open_channels(NOON) == [("T1", "C1")]
        await change(tx, "card_y", not_before=after(5))
        assert await next_id(tx) == "card_x"
        await sent(tx, "card_x")
        assert await next_id(tx) == ""
        assert await next_id(tx, now=after(5)) == "card_y"


async def test_a_card_that_changes_all_the_time_does_not_keep_the_others_from_their_turn(
    store: SqlStore,
) -> None:
    async with store.begin() as tx:
        await add(tx, card("x"), card("y"))
        await sent(tx, "card_x")
        await sent(tx, "card_y")
        await tx.updates.revise("job_card", "x")
        await tx.updates.revise("job_card", "y")
        rendered = await tx.updates.next_in("T1", "C1", NOON)
        assert rendered
        assert rendered.id == "card_x"
        await tx.updates.revise("job_card", "x")
        await tx.updates.save(replace(rendered, shown=rendered.revision))
        assert await next_id(tx) == "card_y"


async def test_a_revision_made_while_the_card_was_under_way_is_not_lost(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, card("x"))
        under_way = await tx.updates.next_in("T1", "C1", NOON)
        assert under_way
    async with store.begin() as tx:
        await tx.updates.revise("job_card", "x")
    async with store.begin() as tx:
        await tx.updates.save(replace(under_way, state=UpdateState.sent, ts="1.2", shown=under_way.revision))
        again = await tx.updates.next_in("T1", "C1", NOON)
        assert again
        assert (again.id, again.revision, again.shown) == ("card_x", 2, 1)
        await sent(tx, "card_x")
        assert await next_id(tx) == ""


async def test_revising_touches_only_the_subjects_card(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, card("x"), card("y"), make_update("reply", subject="x"))
        await tx.updates.revise("job_card", "x")
        await tx.updates.revise("drop_card", "x")
        await tx.updates.revise("job_card", "nothing")
        revisions = {}
        for ident in ("card_x", "card_y", "reply"):
            update = await tx.updates.get(ident)
            assert update
            revisions[ident] = update.revision
        assert revisions == {"card_x": 2, "card_y": 1, "reply": 1}
        assert (found := await tx.updates.card("job_card", "x"))
        assert found.id == "card_x"
        assert await tx.updates.card("drop_card", "x") is None


async def test_saving_keeps_the_place_in_the_order(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, make_update("a"), make_update("b"))
        await tx.updates.save(make_update("a", seq=99))
        assert await next_id(tx) == "a"


async def test_the_same_channel_in_two_workspaces_is_two_channels(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, make_update("a"), make_update("b", workspace="T2"))
        assert await next_id(tx, workspace="T2") == "b"
        await sent(tx, "b")
        assert await next_id(tx, workspace="T2") == ""
        assert await tx.updates.open_channels(NOON) == [("T1", "C1")]


async def test_many_writers_give_every_update_a_place_of_its_own(
    store: SqlStore, other_store: SqlStore
) -> None:
    async def write(one: SqlStore, writer: int) -> None:
        for number in range(5):
            async with one.begin() as tx:
                await tx.updates.add(make_update(f"{writer}-{number}", payload={"writer": writer}))

    await asyncio.gather(*(write((store, other_store)[n % 2], n) for n in range(6)))
    order: list[Update] = []
    async with store.begin() as tx:
        while update := await tx.updates.next_in("T1", "C1", NOON):
            order.append(update)
            await sent(tx, update.id)
    assert len({update.seq for update in order}) == 30
    for writer in range(6):
        mine = [update.id for update in order if update.payload["writer"] == writer]
        assert mine == [f"{writer}-{number}" for number in range(5)]


outbox = st.lists(
    st.fixed_dictionaries(
        {
            "channel": st.sampled_from(["C1", "C2"]),
            "kind": st.sampled_from(["job_card", "milestone"]),
            "parent": st.none() | st.integers(0, 5),
            "state": st.sampled_from(list(UpdateState)),
            "revision": st.integers(1, 2),
            "shown": st.integers(0, 2),
            "not_before": st.none() | st.sampled_from([after(-1), NOON, after(1)]),
        }
    ),
    max_size=6,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(rows=outbox)
async def test_the_open_channels_are_exactly_those_with_something_next(
    store: SqlStore, rows: list[dict[str, object]]
) -> None:
    class Undo(Exception):
        """Rolls the example back."""

    updates = []
    for number, row in enumerate(rows):
        parent = None if row["parent"] is None else f"u{row['parent']}"
        updates.append(make_update(f"u{number}", subject=f"s{number}", **(row | {"parent": parent})))
    try:
        async with store.begin() as tx:
            await add(tx, *updates)
            expected = {}
            for channel in ("C1", "C2"):
                found = await tx.updates.next_in("T1", channel, NOON)
                model = expected_next(updates, channel)
                assert (found.id if found else None) == model
                if model:
                    expected[("T1", channel)] = model
            opened = await tx.updates.open_channels(NOON)
            assert len(opened) == len(set(opened))
            assert set(opened) == set(expected)
            raise Undo
    except Undo:
        pass


def expected_next(updates: list[Update], channel: str) -> str | None:
    """The port's words, in Python: `updates` are in the order of `seq`, and of waiting."""
    unsent = {update.id for update in updates if update.state in (UpdateState.pending, UpdateState.sending)}
    here = [update for update in updates if update.channel == channel]
    for update in here:
        if update.id in unsent and update.parent not in unsent:
            return None if update.not_before and update.not_before > NOON else update.id
    for update in here:
        stale = update.kind == "job_card" and update.revision > update.shown
        if (
            update.state is UpdateState.sent
            and stale
            and not (update.not_before and update.not_before > NOON)
        ):
            return update.id
    return None
