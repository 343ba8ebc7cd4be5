"""Whether a base can do what its settings ask of it, found out before the first step."""

import contextlib
from typing import Any

import torch

from trainer.engine.data import Prepared
from trainer.engine.failures import Unloadable

LOOKED_AT = 64


def check(model: Any, base: dict[str, Any], prepared: Prepared) -> None:
    """Raise Unloadable if the rows need tokens or positions that the model lacks, or can't be packed."""
    ids = [row.get("input_ids") or [*row["prompt_ids"], *row["chosen_ids"]] for row in prepared.rows]
    known = model.get_input_embeddings().weight.shape[0]
    if max(max(row) for row in ids) >= known:
        raise Unloadable(f"the base's tokenizer has more tokens than its model, which knows {known}")
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    longest = max(len(row) for row in ids)
    if positions and longest > positions:
        words = f"the base's model has room for {positions} tokens, but {base['name']!r} is offered with more"
        raise Unloadable(f"{words} (context = {base['context']}), and an example has {longest}")
    if base.get("packing") and "input_ids" in prepared.rows[0] and not keeps_apart(model, ids[0]):
        words = "its examples can't be packed: in its attention they would see each other"
        raise Unloadable(f"the base {base['name']!r} says packing = true, but {words}. Take that setting out")


@torch.no_grad()
def keeps_apart(model: Any, example: list[int]) -> bool:
    """Whether what the model makes of a packed row's second example is the same behind any first one."""
    second = example[:LOOKED_AT]
    others = [second[::-1], [token + 1 if token == 0 else token - 1 for token in second]]
    try:
        one, other = (_logits_behind(model, first, second) for first in others)
    except TypeError:
        return False
    return bool(torch.allclose(one, other, rtol=1e-4, atol=1e-4 * float(one.abs().max())))


def _logits_behind(model: Any, first: list[int], second: list[int]) -> torch.Tensor:
    positions = [*range(len(first)), *range(len(second))]
    rows = torch.tensor([first + second, positions], device=model.device)
    gpu = model.device.type == "cuda"
    training = model.training
    model.eval()
    with torch.autocast("cuda", torch.bfloat16) if gpu else contextlib.nullcontext():
        output = model(input_ids=rows[:1], position_ids=rows[1:], use_cache=False)
    model.train(training)
    logits: torch.Tensor = output.logits[0, len(first) :]
    return logits
