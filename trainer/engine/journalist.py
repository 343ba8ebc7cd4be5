"""Turns what the Trainer does into the job's journal, and the server's word into a stop."""

import os
import shutil
import time
from dataclasses import dataclass, field
from math import ceil, isfinite
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from trainer.folder import JobFolder, step_of

KEPT_EPOCHS = 3
MOST_METRICS_EVENTS = 100
NAMES = {
    "loss": "train_loss",
    "mean_token_accuracy": "train_mean_token_accuracy",
    "rewards/accuracies": "train_reward_accuracy",
}


class Diverged(Exception):
    """The loss stopped being a number."""


@dataclass
class Pace:
    """How long a step takes, measured since this process began to train."""

    began: float = field(default_factory=time.monotonic)
    first_step: int = 0

    def finish(self, step: int, total: int) -> int | None:
        """Unix time at which the job will be done, as far as one can tell."""
        done = step - self.first_step
        if done < 1:
            return None
        return int(time.time() + (time.monotonic() - self.began) / done * (total - step)) + 1


class Journalist(TrainerCallback):
    """Writes metrics and checkpoints into the journal; saves at the last epochs' ends and now and then."""

    def __init__(self, folder: JobFolder, epochs: int, checkpoint_seconds: float) -> None:
        self.folder = folder
        self.epochs = epochs
        self.checkpoint_seconds = checkpoint_seconds
        self.saved_at = time.monotonic()
        self.paused = False
        self.metrics: dict[str, float] = {}
        told = [record for _, record in folder.records()]
        self.told_step = max((r["data"]["step"] for r in told if r["kind"] == "metrics"), default=0)
        self.told_checkpoints = {r["step"] for r in told if r["kind"] == "checkpoint"}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock at the step that this process continues from."""
        self.pace = Pace(first_step=state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the step's metrics, unless an earlier process told them before it died."""
        logs: dict[str, float] = kwargs["logs"]
        named = {NAMES[key]: value for key, value in logs.items() if key in NAMES}
        if "train_loss" not in named:
            return
        if not isfinite(named["train_loss"]):
            raise Diverged(f"the training loss became {named['train_loss']} at step {state.global_step}")
        self.metrics = named
        step, total = state.global_step, state.max_steps
        every = ceil(total / MOST_METRICS_EVENTS)
        if step > self.told_step and (step % every == 0 or step in (1, total)):
            self.told_step = step
            finish = self.pace.finish(step, total)
            self.folder.append("metrics", data={"step": step, "total_steps": total, **named}, finish=finish)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Decide whether to save, and whether the server wants a pause."""
        if self.folder.command() == "pause" and state.global_step < state.max_steps:
            self.paused = control.should_save = control.should_training_stop = True
        elif self.ends_kept_epoch(state) or time.monotonic() - self.saved_at > self.checkpoint_seconds:
            control.should_save = True
        return control

    def ends_kept_epoch(self, state: Any) -> bool:
        """Whether this step ends one of the last epochs, whose checkpoints stay as models."""
        step, steps = int(state.global_step), int(state.max_steps)
        steps_per_epoch = max(1, steps // self.epochs)
        first_kept = steps - KEPT_EPOCHS * steps_per_epoch
        return step % steps_per_epoch == 0 and step > first_kept

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Make the checkpoint count, promise it if it is an epoch's, and drop the ones nobody needs."""
        checkpoint = self.folder.checkpoints / f"checkpoint-{state.global_step}"
        seal(checkpoint)
        self.saved_at = time.monotonic()
        step = int(state.global_step)
        if self.ends_kept_epoch(state) and step not in self.told_checkpoints:
            self.told_checkpoints.add(step)
            self.folder.append("checkpoint", step=step, metrics={"step": step, **self.metrics})
        discard_checkpoints(self.folder, keep={step, *self.told_checkpoints})


def seal(checkpoint: Path) -> None:
    """Put every file of a checkpoint on the disk, then mark it whole."""
    for path in [*checkpoint.iterdir(), checkpoint]:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    (checkpoint / "complete").touch()


def discard_checkpoints(folder: JobFolder, keep: set[int]) -> None:
    """Remove the checkpoints that are neither promised nor the newest."""
    for checkpoint in folder.checkpoints.glob("checkpoint-*"):
        if step_of(checkpoint) not in keep:
            shutil.rmtree(checkpoint)
