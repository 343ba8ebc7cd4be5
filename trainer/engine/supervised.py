"""Supervised training: the assistant's messages are what is learned."""

from typing import Any

import torch
from datasets import Dataset
from trl.trainer.sft_config import SFTConfig

from trainer.engine import data, encoding
from trainer.engine.bases import Start
from trainer.engine.data import Encoded, Prepared
from trainer.engine.encoding import IGNORED, Template
from trainer.engine.evaluation import TokenMeans
from trainer.engine.journalist import Journalist
from trainer.engine.plan import Hyperparameters
from trainer.engine.schedule import Scheduled


def prepare(template: Template, rows: list[Any], held_out: list[Any], longest: int) -> Prepared:
    """Encode the training and validation rows, cut at the base's context; what then teaches nothing goes."""
    made = [sequence for row in data.written(template.sequences, rows) for sequence in row]
    kept = [sequence for sequence in (one.cut(longest) for one in made) if sequence.teaches]
    warnings = data.shortened(
        len(made), sum(len(one.input_ids) > longest for one in made), len(kept), longest
    )
    if len(made) > len(rows):
        warnings["split"] = (
            "The base's chat template changes what stands before an answer once more follows: "
            f"{len(rows)} conversations are learned as {len(made)}, one for each answer"
        )
    asked = [one.cut(longest) for row in data.written(template.sequences, held_out) for one in row]
    validation = [one.as_dict() for one in asked if one.teaches]
    return Prepared(
        rows=[one.as_dict() for one in kept],
        held_out=validation,
        examples=len(rows),
        tokens=sum(len(one.input_ids) for one in kept),
        warnings={
            **warnings,
            **data.unmeasured(len(asked), len(validation), longest),
            **dict(encoding.peculiarities(template, rows)),
        },
    )


class _Encoded(Scheduled, TokenMeans):
    """TRL's trainer with our schedule and our evaluation."""


def trainer(
    start: Start,
    arguments: dict[str, Any],
    hyper: Hyperparameters,
    prepared: Prepared,
    journalist: Journalist,
) -> Any:
    """TRL's trainer over rows that are already encoded; packed, a batch is one row without padding."""
    data.tell_steps(journalist.folder, hyper, prepared)
    made = _Encoded(
        model=start.model,
        args=SFTConfig(
            **arguments,
            max_length=None,
            padding_free=start.packing,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
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
        batch = self.trainer._prepare_inputs(self.trainer.data_collator(chosen))
        model.eval()
        # A cache would hide from the model where one example of a packed row ends.
        output = model(**batch, use_cache=False)
        model.train()
        wanted = batch["labels"][:, 1:]
        right = (output.logits[:, :-1].argmax(-1) == wanted)[wanted != IGNORED]
        return {"valid_loss": float(output.loss), "valid_mean_token_accuracy": float(right.float().mean())}
