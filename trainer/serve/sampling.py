"""Choosing the next token of one answer."""

from dataclasses import dataclass
from typing import Any

import torch


@dataclass
class Sampler:
    """Temperature, nucleus and seed of one answer; a seed chooses the same tokens, whoever else is asking."""

    temperature: float
    top_p: float
    generator: torch.Generator

    @classmethod
    def of(cls, question: dict[str, Any], index: int) -> "Sampler":
        """The sampler that a question asks for; its n answers differ."""
        generator = torch.Generator()
        if question.get("seed") is None:
            generator.seed()
        else:
            generator.manual_seed((question["seed"] + index) % 2**63)
        return cls(question["temperature"], question["top_p"], generator)

    def choose(self, logits: torch.Tensor) -> int:
        """A token from one row of logits."""
        if self.temperature < 1e-4:
            return int(logits.argmax())
        probabilities = torch.softmax(logits.float() / self.temperature, dim=-1)
        if self.top_p < 1:
            probabilities = _nucleus(probabilities, self.top_p)
        return int(torch.multinomial(probabilities, 1, generator=self.generator))


def _nucleus(probabilities: torch.Tensor, top_p: float) -> torch.Tensor:
    ordered, order = probabilities.sort(descending=True)
    before = ordered.cumsum(-1) - ordered
    # The likeliest token always stays, even with a top_p of 0.
    beyond = before >= top_p
    beyond[..., 0] = False
    ordered = ordered.masked_fill(beyond, 0.0)
    return torch.zeros_like(probabilities).scatter(0, order, ordered)


def logprobs_of(logits: torch.Tensor, token: int, top: int) -> dict[str, Any]:
    """The token's log probability and the likeliest alternatives, as (token, log probability)."""
    scores = torch.log_softmax(logits.float(), dim=-1)
    values, tokens = scores.topk(top) if top else (torch.empty(0), torch.empty(0, dtype=torch.long))
    return {
        "chosen": (token, float(scores[token])),
        "top": list(zip(tokens.tolist(), values.tolist(), strict=True)),
    }
