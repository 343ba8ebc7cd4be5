"""What the domain may rely on: drops, datasets, models, uploads, asks and deeds, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import event

from storage import SqlStore, open_store
from storage.engine import make_engine
from storage.errors import DatabaseError, DatabaseSettingWrong, RecordRefused
from tests.fakes.records import (
    NOON,
    after,
    make_ask,
    make_dataset,
    make_drop,
    make_job,
    make_model,
    make_report,
    make_update,
    make_upload,
    make_version,
    sha256_of,
)
from tuning.records import DropState, Edit, Overlap, UploadState


async def test_a_drop_is_added_once_however_often_slack_tells_of_it(store: SqlStore) -> None:
    async with store.begin() as tx:
        assert await tx.drops.add(make_drop())
        assert not await tx.drops.add(make_drop(user="U2"))
        assert not await tx.drops.add(make_drop(id="drop_other"))
        assert await tx.drops.add(make_drop(id="drop_elsewhere", channel="C2"))
        assert await tx.drops.get("drop_T1_1") == make_drop()
        assert await tx.drops.get("drop_other") is None


async def test_unfinished_drops_of_all_workspaces_come_oldest_first(store: SqlStore) -> None:
    async with store.begin() as tx:
        await tx.drops.add(make_drop(1, created_at=after(9)))
        await tx.drops.add(make_drop(2, "T2", created_at=after(3)))
        await tx.drops.add(make_drop(3, created_at=after(1)))
        await tx.drops.save(make_drop(3, created_at=after(1), state=DropState.kept, report=make_report()))
        assert [drop.id for drop in await tx.drops.unfinished()] == ["drop_T2_2", "drop_T1_1"]


async def test_a_dataset_comes_back_with_its_versions_oldest_first(store: SqlStore) -> None:
    dataset = make_dataset()
    second, third = (make_version(dataset.id, number, sha256=sha256_of(70 + number)) for number in (2, 3))
    async with store.begin() as tx:
        await tx.datasets.add(dataset)
        await tx.datasets.add_version(third)
        await tx.datasets.add_version(second)
    whole = replace(dataset, versions=(*dataset.versions, second, third))
    async with store.begin() as tx:
        assert await tx.datasets.get("T1", dataset.id) == whole
        assert await tx.datasets.by_sha256("T1", second.sha256) == whole
        assert await tx.datasets.version("T1", third.id) == third


async def test_a_datasets_name_is_free_once_in_each_workspace(store: SqlStore) -> None:
    async with store.begin() as tx:
        await tx.datasets.add(make_dataset(1, name="news"))
        await tx.datasets.add(make_dataset(2, "T2", name="news"))
        with pytest.raises(RecordRefused, match="There is a dataset called news already"):
            await tx.datasets.add(make_dataset(3, name="news"))
        assert await tx.datasets.names("T1") == ["news"]


async def test_a_version_needs_a_dataset_and_a_number_of_its_own(store: SqlStore) -> None:
    async with store.begin() as tx:
        await tx.datasets.add(make_dataset())
        with pytest.raises(RecordRefused, match="has a version 1 already"):
            await tx.datasets.add_version(make_version("ds_T1_1", 1, id="ver_twin"))
        with pytest.raises(RecordRefused, match="no dataset ds_gone"):
            await tx.datasets.add_version(make_version("ds_gone"))


async def test_datasets_are_listed_newest_first_and_searched_by_name(store: SqlStore) -> None:
    async with store.begin() as tx:
        for number, name in enumerate(("news", "news_50%", "Letters"), 1):
            await tx.datasets.add(make_dataset(number, name=name, created_at=after(number)))
        listed = [dataset.name for dataset in await tx.datasets.list("T1")]
        assert listed == ["Letters", "news_50%", "news"]
        assert [dataset.name for dataset in await tx.datasets.list("T1", limit=1)] == ["Letters"]
        assert [dataset.name for dataset in await tx.datasets.list("T1", search="NEWS")] == [
            "news_50%",
            "news",
        ]
        assert [dataset.name for dataset in await tx.datasets.list("T1", search="letter")] == ["Letters"]
        assert [dataset.name for dataset in await tx.datasets.list("T1", search="%")] == ["news_50%"]
        assert await tx.datasets.list("T1", search="ws_5_") == []
        assert await tx.datasets.list("T1", search="\0") == []


async def test_a_model_on_record_stays_as_it_is_until_it_is_saved(store: SqlStore) -> None:
    async with store.begin() as tx:
        await tx.models.add(make_model())
        await tx.models.add(make_model(owner="U9"))
        assert await tx.models.get("T1", make_model().id) == make_model()
        gone = make_model(deleted_at=after(5), deleted_by="U1")
        await tx.models.save(gone)
        assert await tx.models.get("T1", gone.id) == gone


async def test_models_are_listed_newest_first_without_deleted_ones(store: SqlStore) -> None:
    async with store.begin() as tx:
        for number in (1, 2, 3):
            await tx.models.add(make_model(number, created_at=after(number)))
        await tx.models.save(make_model(2, created_at=after(2), deleted_at=after(9), deleted_by="U1"))
        assert [model.id[-1] for model in await tx.models.list("T1")] == ["3", "1"]
        assert [model.id[-1] for model in await tx.models.list("T1", search="NEWS:1")] == ["1"]
        assert [model.id[-1] for model in await tx.models.list("T1", limit=1)] == ["3"]


async def test_an_upload_is_saved_found_and_removed(store: SqlStore) -> None:
    sent = make_upload(attempted_at=NOON)
    ready = replace(sent, state=UploadState.ready, file_id="file-1")
    async with store.begin() as tx:
        await tx.uploads.save(sent)
        assert await tx.uploads.get("T1", sent.sha256) == sent
        await tx.uploads.save(ready)
        assert await tx.uploads.get("T1", sent.sha256) == ready
        assert await tx.uploads.deleting() == []
        await tx.uploads.save(replace(ready, state=UploadState.deleting))
        assert await tx.uploads.deleting() == [replace(ready, state=UploadState.deleting)]
        await tx.uploads.remove(ready)
        assert await tx.uploads.get("T1", sent.sha256) is None


async def test_an_overlap_is_known_by_both_hashes_and_by_its_workspace_alone(store: SqlStore) -> None:
    found = Overlap(12, 2, ((1, "The same row is row 4 of the training set"),), closely=False)
    async with store.begin() as tx:
        await tx.overlaps.save("T1", sha256_of(1), sha256_of(2), found)
        await tx.overlaps.save("T1", sha256_of(1), sha256_of(2), Overlap(0, 0))
        assert await tx.overlaps.get("T1", sha256_of(1), sha256_of(2)) == found
        assert await tx.overlaps.get("T1", sha256_of(2), sha256_of(1)) is None
        assert await tx.overlaps.get("T2", sha256_of(1), sha256_of(2)) is None


async def test_asks_are_listed_newest_first(store: SqlStore) -> None:
    async with store.begin() as tx:
        for number in (1, 2, 3):
            await tx.asks.add(make_ask(number, created_at=after(number), usd=0.25 * number))
        assert await tx.asks.list("T1", limit=2) == [
            make_ask(3, created_at=after(3), usd=0.75),
            make_ask(2, created_at=after(2), usd=0.5),
        ]


async def test_a_deed_is_first_once_in_each_workspace_until_it_is_forgotten(store: SqlStore) -> None:
    long = "command " * 10_000
    async with store.begin() as tx:
        assert await tx.deeds.first("T1", "click", NOON)
        assert not await tx.deeds.first("T1", "click", after(60))
        assert await tx.deeds.first("T2", "click", NOON)
        assert await tx.deeds.first("T1", long, after(60))
        assert not await tx.deeds.first("T1", long, after(60))
        await tx.deeds.forget_before(after(30))
        assert await tx.deeds.first("T1", "click", after(90))
        assert not await tx.deeds.first("T1", long, after(90))


async def test_another_workspaces_rows_are_invisible(store: SqlStore) -> None:
    dataset, job, upload, model = make_dataset(), make_job(backend_id="ftjob-1"), make_upload(), make_model()
    async with store.begin() as tx:
        await tx.datasets.add(dataset)
        await tx.jobs.add(job)
        await tx.uploads.save(replace(upload, file_id="file-1"))
        await tx.models.add(model)
        await tx.asks.add(make_ask())
    async with store.begin() as tx:
        assert await tx.datasets.get("T2", dataset.id) is None
        assert await tx.datasets.version("T2", dataset.latest.id) is None
        assert await tx.datasets.by_sha256("T2", dataset.latest.sha256) is None
        assert await tx.datasets.names("T2") == []
        assert await tx.datasets.list("T2") == []
        assert await tx.jobs.matching("T2", job.id) == []
        assert await tx.jobs.list("T2") == []
        assert await tx.jobs.using_version("T2", job.plan.version_id) == []
        assert await tx.uploads.get("T2", upload.sha256) is None
        assert await tx.models.get("T2", model.id) is None
        assert await tx.models.list("T2") == []
        assert await tx.asks.list("T2") == []


async def test_saving_moves_no_row_into_another_workspace(store: SqlStore) -> None:
    async with store.begin() as tx:
        await tx.jobs.add(make_job())
    with pytest.raises(LookupError):
        async with store.begin() as tx:
            await tx.jobs.save(make_job(workspace="T2"))


async def test_saving_what_is_not_on_record_is_an_error(store: SqlStore) -> None:
    async with store.begin() as tx:
        with pytest.raises(LookupError):
            await tx.drops.save(make_drop())
        with pytest.raises(LookupError):
            await tx.jobs.save(make_job())
        with pytest.raises(LookupError):
            await tx.models.save(make_model())
        with pytest.raises(LookupError):
            await tx.updates.save(make_update("upd_1"))


async def test_a_time_without_a_zone_is_refused(store: SqlStore) -> None:
    naive = datetime(2026, 3, 4)  # noqa: DTZ001
    with pytest.raises(ValueError, match="no time zone"):
        async with store.begin() as tx:
            await tx.drops.add(make_drop(created_at=naive))


async def test_a_transaction_that_raises_leaves_nothing(store: SqlStore) -> None:
    async def work() -> None:
        async with store.begin() as tx:
            await tx.drops.add(make_drop())
            await tx.deeds.first("T1", "click", NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    async with store.begin() as tx:
        assert await tx.drops.get("drop_T1_1") is None
        assert await tx.deeds.first("T1", "click", NOON)


async def test_a_cancelled_transaction_leaves_nothing_and_gives_its_turn_away(store: SqlStore) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with store.begin() as tx:
            await tx.drops.add(make_drop())
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.begin() as tx:
        assert await tx.drops.get("drop_T1_1") is None


async def test_a_transaction_inside_another_says_so_instead_of_waiting_for_itself(store: SqlStore) -> None:
    async with store.begin() as tx:
        with pytest.raises(RuntimeError, match="a transaction is open in this task already"):
            async with store.begin():
                pass
        assert await tx.drops.add(make_drop())


async def test_a_store_answers_a_ping_while_a_transaction_is_open(store: SqlStore) -> None:
    async with store.begin():
        await asyncio.wait_for(store.ping(), 5)


async def test_two_stores_that_add_the_same_at_once_agree_on_who_was_first(
    store: SqlStore, other_store: SqlStore
) -> None:
    async def attempt(one: SqlStore, number: int) -> tuple[bool, bool, bool]:
        async with one.begin() as tx:
            drop = await tx.drops.add(make_drop(user=f"U{number}"))
            job = await tx.jobs.add(make_job(owner=f"U{number}"))
            return drop, job, await tx.deeds.first("T1", "click", NOON)

    results = await asyncio.gather(*(attempt((store, other_store)[n % 2], n) for n in range(8)))
    assert sorted(results) == [(False, False, False)] * 7 + [(True, True, True)]


async def test_of_two_datasets_with_the_same_name_at_once_one_is_kept(
    store: SqlStore, other_store: SqlStore
) -> None:
    async def attempt(one: SqlStore, number: int) -> None:
        async with one.begin() as tx:
            await tx.datasets.add(make_dataset(number, name="news"))

    results = await asyncio.gather(attempt(store, 1), attempt(other_store, 2), return_exceptions=True)
    assert [type(result) for result in results if result] == [RecordRefused]
    async with store.begin() as tx:
        assert len(await tx.datasets.list("T1")) == 1


async def test_what_two_stores_read_change_and_save_at_once_is_never_lost(
    store: SqlStore, other_store: SqlStore
) -> None:
    async with store.begin() as tx:
        await tx.jobs.add(make_job())

    async def count_up(one: SqlStore) -> None:
        for _ in range(10):
            async with one.begin() as tx:
                job = await tx.jobs.get("ft_T1_1")
                assert job
                await asyncio.sleep(0)
                await tx.jobs.save(replace(job, troubles=job.troubles + 1))

    await asyncio.gather(*(count_up(one) for one in (store, other_store) for _ in range(2)))
    async with store.begin() as tx:
        assert (job := await tx.jobs.get("ft_T1_1"))
        assert job.troubles == 40


async def test_who_tidies_up_after_a_cancelled_read_finds_the_database_free(
    store: SqlStore, database_url: str
) -> None:
    async with store.begin() as tx:
        for number in range(30):
            await tx.drops.add(make_drop(id=f"drop_{number}", file_id=f"F{number}", state=DropState.received))
    engine = make_engine(database_url)
    cancelled = SqlStore(engine)

    async def read_and_tidy() -> None:
        try:
            async with cancelled.begin() as tx:
                await tx.drops.unfinished()
        finally:
            async with cancelled.begin() as tx:
                await tx.drops.add(make_drop(id="drop_last", file_id="FLAST"))

    task = asyncio.create_task(read_and_tidy())

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def _(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT drops"):
            task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    async with cancelled.begin() as tx:
        assert await tx.drops.get("drop_last")
    await cancelled.close()


async def test_what_was_stored_is_there_for_the_next_process(store: SqlStore, database_url: str) -> None:
    async with store.begin() as tx:
        await tx.drops.add(make_drop(report=make_report()))
    await store.close()
    reopened = open_store(database_url)
    async with reopened.begin() as tx:
        assert await tx.drops.get("drop_T1_1") == make_drop(report=make_report())
    await reopened.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hunter2@host/db",
        "postgres",
        "",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://u:hunter2@host:port/db",
    ],
)
def test_a_wrong_database_url_is_explained_without_showing_it(url: str) -> None:
    with pytest.raises(DatabaseSettingWrong) as caught:
        open_store(url)
    assert "FT_DATABASE_URL" in caught.value.message
    assert "sqlite:///" in caught.value.remedy
    assert "hunter2" not in repr(caught.value) + caught.value.message


async def test_a_database_that_does_not_answer_is_said_to_without_its_password() -> None:
    store = open_store("postgresql://u:hunter2@127.0.0.1:1/db?sslmode=disable")
    with pytest.raises(DatabaseError, match="can't be reached") as caught:
        await store.ping()
    assert "hunter2" not in caught.value.message
    with pytest.raises(DatabaseError):
        async with store.begin():
            pass
    await store.close()


async def test_drops_of_one_thread_come_oldest_first(store: SqlStore) -> None:
    async with store.begin() as tx:
        await tx.drops.add(make_drop(1, created_at=after(9), thread_ts="1.1"))
        await tx.drops.add(make_drop(2, created_at=after(3), thread_ts="1.1", reply=True))
        await tx.drops.add(make_drop(3, thread_ts="1.2"))
        await tx.drops.add(make_drop(4, "T2", thread_ts="1.1"))
        await tx.drops.add(make_drop(5, channel="C2", thread_ts="1.1"))
        assert [drop.file_id for drop in await tx.drops.in_thread("T1", "C1", "1.1")] == ["F2", "F1"]


async def test_the_last_edit_of_a_row_counts_until_all_are_forgotten(store: SqlStore) -> None:
    first = Edit("T1", "drop_1", 7, '{"messages": []}', "U1", NOON)
    async with store.begin() as tx:
        await tx.drops.edit(first)
        await tx.drops.edit(replace(first, drop_id="drop_2"))
        await tx.drops.edit(replace(first, row=3))
        await tx.drops.edit(replace(first, text=None, by="U2"))
        found = await tx.drops.edits("T1", "drop_1")
        assert [(edit.row, edit.text, edit.by) for edit in found] == [(3, first.text, "U1"), (7, None, "U2")]
        await tx.drops.forget_edits("T1", "drop_1")
        assert await tx.drops.edits("T1", "drop_1") == []
        assert len(await tx.drops.edits("T1", "drop_2")) == 1


async def test_a_renamed_dataset_keeps_its_versions_and_takes_no_name_twice(store: SqlStore) -> None:
    dataset = make_dataset(1)
    async with store.begin() as tx:
        await tx.datasets.add(dataset)
        await tx.datasets.add(make_dataset(2, name="taken"))
        await tx.datasets.rename(dataset, "fresh")
        assert await tx.datasets.get("T1", dataset.id) == replace(dataset, name="fresh")
        with pytest.raises(RecordRefused, match="taken"):
            await tx.datasets.rename(dataset, "taken")


async def test_bytes_are_needed_as_long_as_a_version_or_a_mendable_drop_has_them(store: SqlStore) -> None:
    async with store.begin() as tx:
        await tx.datasets.add(make_dataset(1))
        await tx.datasets.add(make_dataset(1, "T2"))
        await tx.drops.add(make_drop(1, state=DropState.rejected, sha256=sha256_of(9)))
        await tx.datasets.remove(make_dataset(1))
        assert await tx.datasets.get("T1", make_dataset(1).id) is None
        assert await tx.datasets.needs_bytes(sha256_of(1))
        await tx.datasets.remove(make_dataset(1, "T2"))
        assert not await tx.datasets.needs_bytes(sha256_of(1))
        assert await tx.datasets.needs_bytes(sha256_of(9))
        assert [drop.id for drop in await tx.drops.mendable_before(after(1))] == ["drop_T1_1"]
        assert not await tx.drops.mendable_before(NOON)
