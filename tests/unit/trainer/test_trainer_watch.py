"""When a run counts as running away, and what of it is on the disk."""

import os
from pathlib import Path

import pytest

from trainer.engine.failures import Diverged
from trainer.engine.results import write_results
from trainer.engine.watch import Watch, seal


def looked(losses: list[float]) -> None:
    watch = Watch()
    for step, loss in enumerate(losses, 1):
        watch.look(loss, step)


def test_a_loss_that_is_no_number_ends_the_run() -> None:
    with pytest.raises(Diverged, match="became nan at step 2"):
        looked([7.0, float("nan")])


def test_a_loss_that_stays_well_above_its_beginning_ends_the_run() -> None:
    with pytest.raises(Diverged, match=r"rose from 7\.00 to"):
        looked([7.0] * 3 + [15.0] * 10)


@pytest.mark.parametrize(
    "losses", [[7.0, 3.0, 1.0] * 9, [7.0] * 3 + [30.0] + [6.0] * 20, [0.01] * 5 + [0.4] * 20, [7.0, 7.5] * 10]
)
def test_noise_a_spike_and_a_restart_near_zero_do_not(losses: list[float]) -> None:
    looked(losses)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was flushed to the disk, in order."""
    names: list[str] = []

    def fsync(handle: int) -> None:
        names.append(Path(f"/proc/self/fd/{handle}").resolve().name)

    monkeypatch.setattr(os, "fsync", fsync)
    return names


def test_what_counts_is_on_the_disk_before_its_mark_and_its_mark_too(
    tmp_path: Path, synced: list[str]
) -> None:
    checkpoint = tmp_path / "job" / "checkpoints" / "checkpoint-3"
    checkpoint.mkdir(parents=True)
    (checkpoint / "weights").write_text("w")
    seal(checkpoint)
    assert synced == [
        "weights",
        "checkpoint-3",
        "checkpoints",
        "job",
        "complete.part",
        "checkpoint-3",
    ]
    write_results(tmp_path / "results.csv", [{"step": 1, "loss": 2.0}])
    assert synced[6:] == ["results.csv", tmp_path.name]


def test_a_saved_model_and_its_name_are_on_the_disk(tmp_path: Path, synced: list[str]) -> None:
    from trainer.engine.train import save

    save(Saved("weights"), Saved("tokens"), tmp_path / "model")
    assert sorted(synced[:2]) == ["tokens", "weights"]
    assert synced[2:] == ["model.part", tmp_path.name]
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["tokens", "weights"]


class Saved:
    """Something that is saved as one file."""

    def __init__(self, name: str) -> None:
        self.name = name

    def save_pretrained(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / self.name).write_text(self.name)
