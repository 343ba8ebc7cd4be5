"""A job's folder holds all that its worker needs, whatever is deleted, and however long it takes to fill."""

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trainer.test_trainer_supervisor import Workshop
from trainer import ids
from trainer.errors import ApiError
from trainer.jobs import admission, journal
from trainer.jobs.request import job_from
from trainer.store import File, Job, Model


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    made.supervisor.stop()


def parent(shop: Workshop) -> Model:
    """A model that an earlier job left as a checkpoint."""
    folder = shop.store.home / "jobs/old/checkpoints/checkpoint-3"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text("weights")
    (folder / "optimizer.pt").write_text("state")
    model = Model("ft:tiny-chat:old", "p", 1, "tiny-chat", "old", "jobs/old/checkpoints/checkpoint-3")
    shop.store.add(model)
    return model


def asked(shop: Workshop, model: str = "tiny-chat", **options: Any) -> Job:
    file = File(ids.new("file-"), "p", "f", 1, "fine-tune", 1)
    shop.store.file_path(file).write_bytes(b"{}")
    shop.store.add(file)
    job = job_from({"model": model, "training_file": file.id}, shop.store, shop.settings, "p")
    return replace(job, **options)


def refuse(*_: Any) -> None:
    raise OSError(1, "no links here")


@pytest.mark.parametrize("links", [True, False])
def test_a_job_keeps_the_model_that_it_starts_from_until_it_is_over(
    shop: Workshop, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", refuse)
    model = parent(shop)
    job = asyncio.run(shop.supervisor.create(asked(shop, model.id)))
    shop.store.remove(model)
    shutil.rmtree(shop.store.home / model.folder)
    folder = journal.folder_of(shop.store, job.id)
    start = Path(folder.spec()["base"]["start_from"])
    assert start == folder.path / "start"
    assert [path.name for path in start.iterdir()] == ["model.safetensors"]
    assert (start / "model.safetensors").read_text() == "weights"
    assert Path(folder.spec()["training_file"]).read_bytes() == b"{}"
    journal.discard_training_state(folder)
    assert not start.exists()


class Slow:
    """A copy that takes until the test lets it go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(os, "link", refuse)
        self.copy = shutil.copyfile
        monkeypatch.setattr(admission.shutil, "copyfile", self.slowly)

    def slowly(self, source: Path, place: Path) -> None:
        self.begun.set()
        assert self.go_on.wait(5)
        self.copy(source, place)

    async def until_begun(self) -> None:
        await asyncio.to_thread(self.begun.wait, 5)


async def test_the_server_goes_on_while_a_large_file_is_copied(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    job = asked(shop)
    creating = asyncio.create_task(shop.supervisor.create(job))
    await slow.until_begun()
    assert shop.store.where(Job) == []
    slow.go_on.set()
    assert (await creating).id == shop.store.where(Job)[0].id == job.id


async def test_the_same_request_twice_at_a_time_makes_one_job(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    job = asked(shop, idempotency_key="k")
    twin = replace(job, id=ids.new("ftjob-"))
    both = asyncio.gather(shop.supervisor.create(job), shop.supervisor.create(twin))
    await slow.until_begun()
    slow.go_on.set()
    one, other = await both
    assert one == other
    assert [path.name for path in shop.store.jobs.iterdir()] == [one.id]


@pytest.mark.parametrize("what", ["file", "model"])
async def test_what_is_deleted_while_it_is_copied_is_missed_in_words(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    slow = Slow(monkeypatch)
    model = parent(shop)
    job = asked(shop, model.id)
    creating = asyncio.create_task(shop.supervisor.create(job))
    await slow.until_begun()
    if what == "model":
        shop.store.remove(model)
        shutil.rmtree(shop.store.home / model.folder)
    else:
        shop.store.remove_file(shop.store.where(File)[0])
    slow.go_on.set()
    with pytest.raises(ApiError, match="No such File" if what == "file" else "is not available"):
        await creating
    assert not (shop.store.jobs / job.id).exists()
    assert shop.store.where(Job) == []


async def test_who_leaves_while_it_is_copied_leaves_nothing(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    job = asked(shop)
    creating = asyncio.create_task(shop.supervisor.create(job))
    await slow.until_begun()
    creating.cancel()
    await asyncio.sleep(0)
    slow.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await creating
    assert not (shop.store.jobs / job.id).exists()


def test_a_deleted_checkpoint_stays_while_its_job_may_have_to_continue_from_it(shop: Workshop) -> None:
    job = asyncio.run(shop.supervisor.create(asked(shop)))
    folder = journal.folder_of(shop.store, job.id)
    models = []
    for step in (3, 6):
        path = folder.checkpoints / f"checkpoint-{step}"
        path.mkdir(parents=True)
        (path / "complete").touch()
        models.append(
            Model(f"ft:{step}", "p", 1, "tiny-chat", job.id, f"jobs/{job.id}/checkpoints/{path.name}")
        )
        shop.store.add(models[-1])
    older, newer = models
    assert journal.part_with(shop.store, older) == shop.store.home / older.folder
    assert journal.part_with(shop.store, newer) is None
    assert shop.store.where(Model) == []
    assert folder.unwanted() == {3, 6}
    assert folder.last_checkpoint() == folder.checkpoints / "checkpoint-6"
    journal.discard_training_state(folder)
    assert list(folder.checkpoints.iterdir()) == []


def test_a_deleted_checkpoint_of_a_job_that_is_over_goes_at_once(shop: Workshop) -> None:
    model = parent(shop)
    assert journal.part_with(shop.store, model) == shop.store.home / model.folder
    assert shop.store.where(Model) == []
