"""Direct preference optimisation: of two answers to one conversation, the better becomes likelier."""

import copy
from typing import Any

from datasets import Dataset
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from trainer import chat
from trainer.engine.bases import Start
from trainer.engine.data import Prepared
from trainer.engine.journalist import Journalist
from trainer.engine.plan import Hyperparameters


def prepare(tokenizer: Any, rows: list[Any], held_out: list[Any], longest: int) -> Prepared:
    """Encode both answers of each row after their prompt."""
    encoded = [encode(tokenizer, row) for row in rows]
    prompts = [len(row["prompt_ids"]) for row in encoded]
    answers = [max(len(row["chosen_ids"]), len(row["rejected_ids"])) for row in encoded]
    both = sum(len(row["chosen_ids"]) + len(row["rejected_ids"]) for row in encoded)
    return Prepared(
        rows=[cut_to(row, longest) for row in encoded],
        held_out=[cut_to(encode(tokenizer, row), longest) for row in held_out],
        tokens=2 * sum(prompts) + both,
        cut=sum(prompt + answer > longest for prompt, answer in zip(prompts, answers, strict=True)),
    )


def encode(tokenizer: Any, row: dict[str, Any]) -> dict[str, list[int]]:
    """A row's prompt and its two answers as token ids."""
    given = row["input"]
    messages = chat.defused(tokenizer, chat.normalise(given["messages"]))
    tools = chat.tools_of(given)
    prompt = chat.render(tokenizer, messages, tools, answer=True)

    def answer(output: list[dict[str, Any]]) -> list[int]:
        whole = chat.render(tokenizer, messages + chat.defused(tokenizer, chat.normalise(output)), tools)
        return _ids(tokenizer, whole.removeprefix(prompt))

    return {
        "prompt_ids": _ids(tokenizer, prompt),
        "chosen_ids": answer(row["preferred_output"]),
        "rejected_ids": answer(row["non_preferred_output"]),
    }


def _ids(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def cut_to(row: dict[str, list[int]], longest: int) -> dict[str, list[int]]:
    """Cut both answers at their end so that each fits behind the prompt, which keeps its own end."""
    prompt = row["prompt_ids"][-(longest - 1) :]
    room = longest - len(prompt)
    return {"prompt_ids": prompt, **{name: row[name][:room] for name in ("chosen_ids", "rejected_ids")}}


class _Encoded(DPOTrainer):
    """TRL's trainer over rows that are already encoded."""

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
