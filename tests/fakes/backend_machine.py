"""What the fake backend holds, and how its jobs move: one step at a time, when told to."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]
ENDED = ("succeeded", "failed", "cancelled")
BASES = ("gpt-4o-mini-2024-07-18", "gpt-4.1-mini-2025-04-14")


@dataclass
class FakeJob:
    """A job as the wire shows it, what was asked for, and its events and checkpoints, oldest first."""

    id: str
    body: Body
    request: Body
    events: list[Body] = field(default_factory=list)
    checkpoints: list[Body] = field(default_factory=list)
    steps_done: int = 0

    @property
    def status(self) -> str:
        return str(self.body["status"])


class Machine:
    """Files, jobs and models. A job gets `steps` metrics events and one checkpoint."""

    def __init__(self, *, steps: int = 3, bases: Sequence[str] = BASES, now: Callable[[], float] = time.time):
        self.steps, self.now = steps, now
        self.files: dict[str, Body] = {}
        #: Also those of deleted files.
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, FakeJob] = {}
        self.models: dict[str, Body] = {base: self._model(base, "system") for base in bases}
        self._numbers = itertools.count(1)

    def advance(self, job_id: str) -> str:
        """One step: validating_files, queued, running, a metrics event for each step, succeeded."""
        job = self.jobs[job_id]
        if job.status == "validating_files":
            self._move(job, "queued", "Files validated, moving job to queued state")
        elif job.status == "queued":
            job.body["estimated_finish"] = int(self.now()) + 60
            self._move(job, "running", "Fine-tuning job started")
        elif job.status == "running" and job.steps_done < self.steps:
            self._train(job)
        elif job.status == "running":
            self._succeed(job)
        return job.status

    def finish(self, job_id: str) -> str:
        """Advance to the end; gives the model's name."""
        job = self.jobs[job_id]
        for _ in range(self.steps + 3):
            self.advance(job_id)
        assert job.status == "succeeded", f"{job_id} is {job.status} and doesn't move"
        return str(job.body["fine_tuned_model"])

    def fail(self, job_id: str, code: str, message: str) -> None:
        job = self.jobs[job_id]
        job.body["error"] = {"code": code, "message": message, "param": "training_file"}
        self._end(job, "failed", f"Fine-tuning job failed: {message}", level="error")

    def set_status(self, job_id: str, status: str) -> None:
        """Any word, also one that nobody knows."""
        self.jobs[job_id].body["status"] = status

    def add_event(self, job_id: str, message: str, **fields: Any) -> str:
        """An event with these fields over the usual ones; gives its id."""
        event = {
            "object": "fine_tuning.job.event",
            "id": f"ftevent-{next(self._numbers):06d}",
            "created_at": int(self.now()),
            "level": "info",
            "type": "message",
            "message": message,
            "data": {},
            **fields,
        }
        self.jobs[job_id].events.append(event)
        return str(event["id"])

    def _move(self, job: FakeJob, status: str, message: str, **event: Any) -> None:
        job.body["status"] = status
        self.add_event(job.id, message, **event)

    def _end(self, job: FakeJob, status: str, message: str, **event: Any) -> None:
        job.body.update(finished_at=int(self.now()), estimated_finish=None)
        self._move(job, status, message, **event)

    def _train(self, job: FakeJob) -> None:
        """One step: a metrics event, and a checkpoint at the last but one."""
        job.steps_done += 1
        step, loss = job.steps_done, round(2.0 / job.steps_done, 4)
        metrics = {
            "step": step,
            "total_steps": self.steps,
            "train_loss": loss,
            "train_mean_token_accuracy": round(1 - 1 / (step + 1), 4),
        }
        words = f"Step {step}/{self.steps}: training loss={loss}"
        self.add_event(job.id, words, type="metrics", data=metrics)
        if step == max(1, self.steps - 1):
            self._checkpoint(job, step, loss)

    def _checkpoint(self, job: FakeJob, step: int, loss: float) -> None:
        name = f"{self._name(job)}:ckpt-step-{step}"
        job.checkpoints.append(
            {
                "object": "fine_tuning.job.checkpoint",
                "id": f"ftckpt-{next(self._numbers):06d}",
                "created_at": int(self.now()),
                "fine_tuned_model_checkpoint": name,
                "fine_tuning_job_id": job.id,
                "metrics": {"step": step, "train_loss": loss},
                "step_number": step,
            }
        )
        self.models[name] = self._model(name, "org-fake")
        self.add_event(job.id, f"Checkpoint created at step {step}")

    def _succeed(self, job: FakeJob) -> None:
        name = self._name(job)
        self.models[name] = self._model(name, "org-fake")
        job.body.update(
            fine_tuned_model=name, trained_tokens=len(self.contents[job.request["training_file"]])
        )
        self.add_event(job.id, f"New fine-tuned model created: {name}")
        self._end(job, "succeeded", "The job has successfully completed")

    def _name(self, job: FakeJob) -> str:
        return (
            f"ft:{job.body['model']}:fake:{job.request.get('suffix') or ''}:{job.id.removeprefix('ftjob-')}"
        )

    def _model(self, name: str, owner: str) -> Body:
        return {"object": "model", "id": name, "created": int(self.now()), "owned_by": owner}
