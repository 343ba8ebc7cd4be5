"""A job whose checkpoint is damaged goes on from the one before, or from the start; slow: it trains."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.trainer_process import headlines
from trainer.folder import JobFolder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
ROWS = [json.loads(line) for line in headlines(12).splitlines()]


def train(folder: JobFolder) -> Any:
    from trainer import settings
    from trainer.engine import plan, train

    base = {**settings.load().bases["tiny-chat"].as_dict(), "start_from": None}
    folder.write_spec({"base": base, "method": "supervised", "seed": 1, "checkpoint_seconds": 60})
    hyper = plan.settle({"n_epochs": 2, "batch_size": 4}, base, len(ROWS), "supervised")
    return train.train(folder, ROWS, [], hyper)


def told(folder: JobFolder, kind: str) -> list[dict[str, Any]]:
    return [record for _, record in folder.records() if record["kind"] == kind]


@pytest.fixture(scope="module")
def peaceful(tmp_path_factory: pytest.TempPathFactory) -> JobFolder:
    folder = JobFolder(tmp_path_factory.mktemp("peaceful") / "job")
    train(folder)
    return folder


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def garble(path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.safetensors", cut),
        ("model.safetensors", Path.unlink),
        ("model.safetensors", garble),
        ("optimizer.pt", garble),
        ("rng_state.pth", garble),
        ("trainer_state.json", garble),
        ("complete", garble),
    ],
)
def test_a_damaged_checkpoint_costs_its_steps_and_nothing_else(
    tmp_path: Path, peaceful: JobFolder, name: str, damage: Any
) -> None:
    folder = JobFolder(tmp_path / "job")
    folder.path.mkdir()
    folder.set_command("pause")
    assert train(folder).paused
    damage(folder.checkpoints / "checkpoint-1" / name)
    folder.set_command(None)
    assert not train(folder).paused
    (note,) = told(folder, "note")
    assert note["message"] == "The checkpoint of step 1 is damaged; going back to the start"
    assert note["level"] == "warn"
    assert (folder.path / "damaged-1").is_dir()
    assert folder.results.read_bytes() == peaceful.results.read_bytes()
    weights = [(job.model / "model.safetensors").read_bytes() for job in (folder, peaceful)]
    assert weights[0] == weights[1]


def test_a_checkpoint_deleted_as_a_model_goes_as_soon_as_a_newer_one_is_there(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "job")
    folder.path.mkdir()
    folder.disown(3)
    train(folder)
    assert [record["step"] for record in told(folder, "checkpoint")] == [3, 6]
    assert [path.name for path in folder.checkpoints.iterdir() if path.is_dir()] == ["checkpoint-6"]


def test_the_newest_whole_checkpoint_is_found_and_older_jobs_marks_are_believed(tmp_path: Path) -> None:
    from trainer.engine.resume import newest
    from trainer.engine.watch import seal

    folder = JobFolder(tmp_path)
    for step in (3, 12, 20):
        (folder.checkpoints / f"checkpoint-{step}").mkdir(parents=True)
        (folder.checkpoints / f"checkpoint-{step}" / "weights").write_text("whole")
    (folder.checkpoints / "checkpoint-3" / "complete").touch()
    for step in (12, 20):
        seal(folder.checkpoints / f"checkpoint-{step}")
    assert newest(folder) == folder.checkpoints / "checkpoint-20"
    (folder.checkpoints / "checkpoint-20" / "weights").write_text("cut")
    assert newest(folder) == folder.checkpoints / "checkpoint-12"
    (folder.checkpoints / "checkpoint-12" / "weights").unlink()
    assert newest(folder) == folder.checkpoints / "checkpoint-3"
    words = [record["message"] for record in told(folder, "note")]
    assert words == [
        "The checkpoint of step 20 is damaged; going back to step 12",
        "The checkpoint of step 12 is damaged; going back to step 3",
    ]
