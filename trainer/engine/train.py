"""Training one job, whatever its method: from rows to a saved model, by way of TRL's trainers."""

import shutil
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from trainer import disk
from trainer.engine import bases, fitness, ranks, resume
from trainer.engine.journalist import Journalist
from trainer.engine.plan import Hyperparameters
from trainer.engine.results import write_results
from trainer.engine.schedule import WARMUP_STEPS
from trainer.folder import JobFolder, step_of

METHODS = {"supervised": "trainer.engine.supervised", "dpo": "trainer.engine.preference"}


@dataclass(frozen=True)
class Result:
    """How training ended."""

    paused: bool
    trained_tokens: int


def train(
    folder: JobFolder, rows: list[dict[str, Any]], held_out: list[dict[str, Any]], hyper: Hyperparameters
) -> Result:
    """Train on the rows, from the last checkpoint that can be read; save the model unless paused."""
    while True:
        try:
            return _train(folder, rows, held_out, hyper)
        except resume.Damaged as error:
            resume.put_aside(folder, error.checkpoint)


def _train(
    folder: JobFolder, rows: list[dict[str, Any]], held_out: list[dict[str, Any]], hyper: Hyperparameters
) -> Result:
    spec = folder.spec()
    # An adapter's first weights are drawn before the trainer sets its seed.
    set_seed(spec["seed"])
    ranks.join(torch.cuda.is_available())
    with ranks.the_first_first():
        start = bases.load(spec["base"], folder, rows)
    # Only the one that is needed: each import of a trainer costs seconds.
    method = import_module(METHODS[spec["method"]])
    prepared = method.prepare(start.template(), rows, held_out, spec["base"]["context"])
    _warn(folder, prepared.warnings)
    journalist = Journalist(
        folder, hyper.n_epochs, spec["checkpoint_seconds"], evaluates=bool(prepared.held_out)
    )
    trainer = method.trainer(start, arguments(spec, hyper, folder), hyper, prepared, journalist)
    fitness.check(trainer.model, spec["base"], prepared)
    last = _last(folder)
    with resume.suspecting(last, journalist):
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    if not journalist.paused and ranks.first():
        write_results(folder.results, trainer.state.log_history)
        save(trainer.model, start.tokenizer, folder.model)
    ranks.wait()
    return Result(paused=journalist.paused, trained_tokens=prepared.tokens * hyper.n_epochs)


def _last(folder: JobFolder) -> Path | None:
    """The checkpoint to go on from."""
    last = resume.newest(folder) if ranks.first() else None
    step = ranks.agreed(step_of(last) if last else 0)
    return folder.checkpoints / f"checkpoint-{step}" if step else None


def arguments(spec: dict[str, Any], hyper: Hyperparameters, folder: JobFolder) -> dict[str, Any]:
    """The arguments that every method shares."""
    gpu = torch.cuda.is_available()
    base = spec["base"]
    rate = base["dpo_learning_rate"] if spec["method"] == "dpo" else base["learning_rate"]
    return {
        "output_dir": str(folder.checkpoints),
        "num_train_epochs": hyper.n_epochs,
        **ranks.arguments(hyper.batch_size),
        "per_device_eval_batch_size": hyper.batch_size,
        "learning_rate": rate * hyper.learning_rate_multiplier,
        "lr_scheduler_type": "linear",
        "warmup_steps": WARMUP_STEPS,
        "weight_decay": 0.0,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "seed": spec["seed"],
        "use_cpu": not gpu,
        "bf16": gpu,
        "fp16": False,
        "gradient_checkpointing": gpu,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": gpu,
    }


def _warn(folder: JobFolder, warnings: dict[str, str]) -> None:
    """Tell each warning, unless an earlier process of this job did."""
    told = {record.get("topic") for _, record in folder.records()}
    for topic, message in warnings.items():
        if topic not in told:
            folder.append("note", topic=topic, level="warn", message=message)


def save(model: Any, tokenizer: Any, path: Path) -> None:
    """Write the model beside its place, then move it there: whole or absent, whatever is cut off."""
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    disk.flush(part)
    shutil.rmtree(path, ignore_errors=True)
    part.rename(path)
    disk.flush_name(path)
