"""Supervised training of one job, from rows to a saved model."""

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from trainer.engine import bases, data
from trainer.engine.journalist import Journalist
from trainer.engine.plan import Hyperparameters
from trainer.folder import JobFolder


@dataclass(frozen=True)
class Result:
    """How training ended."""

    paused: bool
    trained_tokens: int


def supervised(folder: JobFolder, rows: list[dict[str, Any]], hyper: Hyperparameters) -> Result:
    """Train on the rows, from the last checkpoint if there is one; save the model unless paused."""
    spec = folder.spec()
    base = spec["base"]
    model, tokenizer = bases.load(base, folder, rows)
    encoded = [data.encode(tokenizer, row, base["context"]) for row in rows]
    _warn_of_cuts(folder, encoded, base["context"])
    journalist = Journalist(folder, hyper.n_epochs, spec["checkpoint_seconds"])
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(**arguments(spec, hyper, folder), dataset_kwargs={"skip_prepare_dataset": True}),
        train_dataset=Dataset.from_list(encoded),
        processing_class=tokenizer,
        callbacks=[journalist],
    )
    last = folder.last_checkpoint()
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    if not journalist.paused:
        write_results(folder.results, trainer.state.log_history)
        save(trainer.model, tokenizer, folder.model)
    tokens = sum(len(row["input_ids"]) for row in encoded) * hyper.n_epochs
    return Result(paused=journalist.paused, trained_tokens=tokens)


def arguments(spec: dict[str, Any], hyper: Hyperparameters, folder: JobFolder) -> dict[str, Any]:
    """The arguments that every method shares."""
    gpu = torch.cuda.is_available()
    return {
        "output_dir": str(folder.checkpoints),
        "num_train_epochs": hyper.n_epochs,
        "per_device_train_batch_size": hyper.batch_size,
        "learning_rate": spec["base"]["learning_rate"] * hyper.learning_rate_multiplier,
        "lr_scheduler_type": "linear",
        "warmup_steps": 10,
        "weight_decay": 0.0,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "seed": spec["seed"],
        "use_cpu": not gpu,
        "bf16": gpu,
        "fp16": False,
        "gradient_checkpointing": gpu,
        "dataloader_num_workers": 0,
    }


def _warn_of_cuts(folder: JobFolder, encoded: list[dict[str, list[int]]], longest: int) -> None:
    cut = sum(len(row["input_ids"]) >= longest for row in encoded)
    if cut and not any(record.get("topic") == "truncated" for _, record in folder.records()):
        folder.append(
            "note",
            topic="truncated",
            level="warn",
            message=f"{cut} example(s) are longer than {longest} tokens and were cut at the end",
        )


def save(model: Any, tokenizer: Any, path: Path) -> None:
    """Write the model beside its place, then move it there: a kill leaves it whole or absent."""
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    shutil.rmtree(path, ignore_errors=True)
    part.rename(path)


def write_results(path: Path, history: list[dict[str, Any]]) -> None:
    """The step metrics as OpenAI's result file has them."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "train_loss", "train_accuracy", "valid_loss", "valid_mean_token_accuracy"])
        for entry in history:
            if "loss" in entry:
                writer.writerow([entry["step"], entry["loss"], entry.get("mean_token_accuracy", ""), "", ""])
