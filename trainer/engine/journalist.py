"""Turns what the Trainer does into the job's journal, and the server's word into a stop."""

import time
from collections.abc import Callable
from math import ceil
from typing import Any

from transformers import TrainerCallback

from trainer.engine import ranks
from trainer.engine.watch import Pace, Watch, discard_checkpoints, seal
from trainer.folder import JobFolder

KEPT_EPOCHS = 3
MOST_METRICS_EVENTS = 100
MOST_PROBES = 25
GO_ON, SAVE, PAUSE = range(3)
NAMES = {
    "loss": "train_loss",
    "mean_token_accuracy": "train_mean_token_accuracy",
    "rewards/accuracies": "train_reward_accuracy",
    "rewards/margins": "train_reward_margin",
    "eval_loss": "full_valid_loss",
    "eval_mean_token_accuracy": "full_valid_mean_token_accuracy",
    "eval_rewards/accuracies": "full_valid_reward_accuracy",
}

Metrics = dict[str, float]


class Journalist(TrainerCallback):
    """Writes metrics and checkpoints into the journal; saves at the last epochs' ends and now and then."""

    def __init__(
        self, folder: JobFolder, epochs: int, checkpoint_seconds: float, *, evaluates: bool = False
    ) -> None:
        self.folder = folder
        self.epochs = epochs
        self.checkpoint_seconds = checkpoint_seconds
        self.evaluates = evaluates
        self.probe: Callable[[int], Metrics] | None = None
        self.saved_at = time.monotonic()
        self.paused = False
        self.stepped = False
        self.metrics: Metrics = {}
        self.watch = Watch()
        told = [record for _, record in folder.records()]
        self.told_step = max((r["data"]["step"] for r in told if r["kind"] == "metrics"), default=0)
        self.told_checkpoints = {r["step"] for r in told if r["kind"] == "checkpoint"}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock at the step that this process continues from."""
        self.pace = Pace(first_step=state.global_step)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """From here on the checkpoint that this process continues from has been read."""
        self.stepped = True

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the step's metrics; at an epoch's end they wait for those on the validation file."""
        logs: Metrics = kwargs["logs"]
        named = {NAMES[key]: value for key, value in logs.items() if key in NAMES}
        step, steps = int(state.global_step), int(state.max_steps)
        if "train_loss" in named:
            self.watch.look(named["train_loss"], step)
            self.metrics = named
            if self.probe and step % ceil(steps / MOST_PROBES) == 0:
                measured = self.probe(step)
                named.update(measured)
                # Kept in the Trainer's own history, so that it survives with the checkpoint.
                state.log_history[-1].update(measured)
            if not (self.evaluates and self.ends_epoch(state)):
                self.tell(step, steps)
        elif "full_valid_loss" in named:
            self.metrics.update(named)
            self.tell(step, steps, always=True)

    def tell(self, step: int, steps: int, *, always: bool = False) -> None:
        """Write the metrics down, unless an earlier process told this step before it died."""
        due = always or step % ceil(steps / MOST_METRICS_EVENTS) == 0 or step in (1, steps)
        if step > self.told_step and due:
            self.told_step = step
            data = {"step": step, "total_steps": steps, **self.metrics}
            self.folder.append("metrics", data=data, finish=self.pace.finish(step, steps))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Decide whether to save and to evaluate, and whether the server wants a pause."""
        control.should_evaluate = self.evaluates and self.ends_epoch(state)
        wish = ranks.agreed(self.wish(state))
        if wish == PAUSE:
            self.paused = control.should_save = control.should_training_stop = True
        elif wish == SAVE:
            control.should_save = True
        return control

    def wish(self, state: Any) -> int:
        """What the end of this step asks for."""
        if self.folder.command() == "pause" and state.global_step < state.max_steps:
            return PAUSE
        due = time.monotonic() - self.saved_at > self.checkpoint_seconds
        return SAVE if due or self.ends_kept_epoch(state) else GO_ON

    def ends_epoch(self, state: Any) -> bool:
        """Whether this step is an epoch's last."""
        return int(state.global_step) % self._steps_per_epoch(state) == 0

    def ends_kept_epoch(self, state: Any) -> bool:
        """Whether this step ends one of the last epochs, whose checkpoints stay as models."""
        first_kept = int(state.max_steps) - KEPT_EPOCHS * self._steps_per_epoch(state)
        return self.ends_epoch(state) and int(state.global_step) > first_kept

    def _steps_per_epoch(self, state: Any) -> int:
        return max(1, int(state.max_steps) // self.epochs)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Make the checkpoint count, promise it if it is an epoch's, and drop the ones nobody needs."""
        step = int(state.global_step)
        self.saved_at = time.monotonic()
        # Each process writes its own random state.
        ranks.wait()
        if ranks.first():
            self._keep(state, step)
        ranks.wait()

    def _keep(self, state: Any, step: int) -> None:
        seal(self.folder.checkpoints / f"checkpoint-{step}")
        if self.ends_kept_epoch(state) and step not in self.told_checkpoints:
            self.told_checkpoints.add(step)
            self.folder.append("checkpoint", step=step, metrics={"step": step, **self.metrics})
        promised = self.told_checkpoints - self.folder.unwanted()
        discard_checkpoints(self.folder, keep={step, *promised})
