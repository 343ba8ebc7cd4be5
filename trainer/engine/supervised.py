"""Supervised training: the assistant's messages are what is learned."""

from typing import Any

import torch
from datasets import Dataset
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from trainer.engine import data
from trainer.engine.bases import Start
from trainer.engine.data import Encoded, Prepared
from trainer.engine.journalist import Journalist
from trainer.engine.plan import Hyperparameters


def prepare(tokenizer: Any, rows: list[Any], held_out: list[Any], longest: int) -> Prepared:
    """Encode the training and validation rows."""
    encoded = [data.encode(tokenizer, row, longest) for row in rows]
    lengths = [len(row["input_ids"]) for row in encoded]
    return Prepared(
        rows=encoded,
        held_out=[data.encode(tokenizer, row, longest) for row in held_out],
        tokens=sum(lengths),
        cut=sum(length >= longest for length in lengths),
    )


def trainer(
    start: Start,
    arguments: dict[str, Any],
    hyper: Hyperparameters,
    prepared: Prepared,
    journalist: Journalist,
) -> Any:
    """TRL's trainer over rows that are already encoded."""
    made = SFTTrainer(
        model=start.model,
        args=SFTConfig(**arguments, max_length=None, dataset_kwargs={"skip_prepare_dataset": True}),
        train_dataset=Dataset.from_list(prepared.rows),
        eval_dataset=Dataset.from_list(prepared.held_out) if prepared.held_out else None,
        processing_class=start.tokenizer,
        peft_config=start.peft_config,
        callbacks=[journalist],
    )
    if prepared.held_out:
        journalist.probe = Probe(made, prepared.held_out, hyper.batch_size)
    return made


class Probe:
    """The loss and accuracy on one batch of the validation rows, another one each time."""

    def __init__(self, trainer: Any, rows: list[Encoded], size: int) -> None:
        self.trainer = trainer
        self.rows = rows
        self.size = size

    @torch.no_grad()
    def __call__(self, number: int) -> dict[str, float]:
        """Measure batch `number`, counted around the file."""
        model = self.trainer.model
        first = number * self.size % len(self.rows)
        chosen = (self.rows + self.rows)[first : first + min(self.size, len(self.rows))]
        batch = {name: value.to(model.device) for name, value in self.trainer.data_collator(chosen).items()}
        model.eval()
        output = model(**batch)
        model.train()
        wanted = batch["labels"][:, 1:]
        right = (output.logits[:, :-1].argmax(-1) == wanted)[wanted != data.IGNORED]
        return {"valid_loss": float(output.loss), "valid_mean_token_accuracy": float(right.float().mean())}
