"""Direct preference optimisation: of two answers to one conversation, the better becomes likelier."""

import copy
from typing import Any

from datasets import Dataset
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from trainer.engine import data, encoding
from trainer.engine.bases import Start
from trainer.engine.data import Encoded, Prepared
from trainer.engine.encoding import Template
from trainer.engine.journalist import Journalist
from trainer.engine.plan import Hyperparameters
from trainer.engine.schedule import Scheduled

ANSWERS = ("chosen_ids", "rejected_ids")


def prepare(template: Template, rows: list[Any], held_out: list[Any], longest: int) -> Prepared:
    """Encode both answers of each row behind their prompt; a prompt that leaves them no room is no use."""
    encoded = data.written(template.pair, rows)
    kept = [cut_to(row, longest) for row in encoded if fits(row, longest)]
    cut = sum(longest_of(row) > longest for row in encoded)
    asked = data.written(template.pair, held_out)
    validation = [cut_to(row, longest) for row in asked if fits(row, longest)]
    return Prepared(
        rows=kept,
        held_out=validation,
        examples=len(rows),
        tokens=sum(2 * len(row["prompt_ids"]) + sum(len(row[name]) for name in ANSWERS) for row in kept),
        warnings={
            **data.shortened(len(encoded), cut, len(kept), longest),
            **data.unmeasured(len(asked), len(validation), longest),
            **dict(encoding.peculiarities(template, rows)),
        },
    )


def fits(row: Encoded, longest: int) -> bool:
    """Whether something of the answers is left within so many tokens."""
    return len(row["prompt_ids"]) < longest


def longest_of(row: Encoded) -> int:
    """The tokens of the prompt with the longer answer."""
    return len(row["prompt_ids"]) + max(len(row[name]) for name in ANSWERS)


def cut_to(row: Encoded, longest: int) -> Encoded:
    """Cut both answers at their end so that each fits behind the prompt."""
    room = longest - len(row["prompt_ids"])
    return {"prompt_ids": row["prompt_ids"], **{name: row[name][:room] for name in ANSWERS}}


class _Encoded(Scheduled, DPOTrainer):
    """TRL's trainer with our schedule over rows that are already encoded."""

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset


def trainer(
    start: Start,
    arguments: dict[str, Any],
    hyper: Hyperparameters,
    prepared: Prepared,
    journalist: Journalist,
) -> Any:
    """The trainer; what the answers are compared against is the model as it was at the start."""
    data.tell_steps(journalist.folder, hyper, prepared)
    whole = start.peft_config is None and not start.adapted
    return _Encoded(
        model=start.model,
        ref_model=copy.deepcopy(start.model) if whole else None,
        args=DPOConfig(**arguments, beta=hyper.beta or 0.1, max_length=None),
        train_dataset=Dataset.from_list(prepared.rows),
        eval_dataset=Dataset.from_list(prepared.held_out) if prepared.held_out else None,
        processing_class=start.tokenizer,
        peft_config=start.peft_config,
        callbacks=[journalist],
    )
