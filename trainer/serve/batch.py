"""Answers of one model, made together: every step gives each of them its next token.

A new question joins while others are being answered: its prompt is read alone, then its keys and values are
laid beside the others', padded on the left. Where a model can't have that, its questions come one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from trainer.serve.caches import cache_for, can_join, join
from trainer.serve.models import Loaded
from trainer.serve.sampling import Sampler, logprobs_of
from trainer.serve.spelling import Spelling
from trainer.serve.text import TextStream

Said = dict[str, Any]


@dataclass
class Answer:
    """One answer in the making."""

    id: int
    index: int
    sampler: Sampler
    text: TextStream
    most: int
    top_logprobs: int | None
    made: int = 0
    finish: str | None = None
    logprobs: list[tuple[int, Any]] = field(default_factory=list)

    def take_logprobs(self) -> list[Any]:
        """The scores of the tokens that have been shown; a stop string's tokens never are."""
        whole = self.finish is not None and not self.text.stopped
        ready = [score for start, score in self.logprobs if whole or start < self.text.shown]
        self.logprobs = self.logprobs[len(ready) :]
        return ready


class Batch:
    """The answers of one model."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.model = loaded.shared.model
        self.tokenizer = loaded.tokenizer
        self.spelling = Spelling(loaded.tokenizer)
        ends = self.model.generation_config.eos_token_id
        self.ends = {self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        self.answers: list[Answer] = []
        self.cache: Any = None
        self.joins = can_join(cache_for(self.model))
        self.mask = torch.empty(0, 0, dtype=torch.long)
        self.logits = torch.empty(0)

    @torch.inference_mode()
    def admit(self, prompt: list[int], answers: list[Answer]) -> None:
        """Read a prompt and let its answers join."""
        count = len(answers)
        ids = torch.tensor([prompt], device=self.model.device)
        if not self.joins:
            ids = ids.expand(count, -1)
        cache = cache_for(self.model)
        logits = self._forward(input_ids=ids, past_key_values=cache, logits_to_keep=1)
        if count > len(ids):
            cache.batch_repeat_interleave(count)
        mask = torch.ones(count, len(prompt), dtype=torch.long, device=ids.device)
        self._join(cache, mask, logits.expand(count, -1))
        self.answers += answers

    def _join(self, cache: Any, mask: torch.Tensor, logits: torch.Tensor) -> None:
        if not self.answers:
            self.cache, self.mask, self.logits = cache, mask, logits
            return
        longest = max(self.mask.shape[1], mask.shape[1])
        join(self.cache, cache, longest)
        self.mask = torch.cat([_padded_mask(self.mask, longest), _padded_mask(mask, longest)])
        self.logits = torch.cat([self.logits, logits])

    @torch.inference_mode()
    def step(self) -> Iterator[Said]:
        """Give every answer one token and say what came of it."""
        tokens = [answer.sampler.choose(row) for answer, row in zip(self.answers, self.logits, strict=True)]
        for answer, token, row in zip(self.answers, tokens, self.logits, strict=True):
            yield from self._take(answer, token, row)
        self._keep([i for i, answer in enumerate(self.answers) if answer.finish is None], tokens)

    def drop(self, id: int) -> None:
        """Stop the answers of a question that nobody waits for."""
        self._select([i for i, answer in enumerate(self.answers) if answer.id != id])

    def _take(self, answer: Answer, token: int, row: torch.Tensor) -> Iterator[Said]:
        answer.made += 1
        ended = token in self.ends
        start = answer.text.length
        text = "" if ended else answer.text.push(token)
        if answer.top_logprobs is not None and not ended:
            answer.logprobs.append((start, self._logprobs(row, token, answer.top_logprobs)))
        if ended or answer.text.stopped:
            answer.finish = "stop"
        elif answer.made >= answer.most:
            answer.finish = "length"
        if answer.finish:
            text += answer.text.finish()
        if text or answer.finish:
            said = {
                "event": "text",
                "id": answer.id,
                "index": answer.index,
                "text": text,
                "finish": answer.finish,
            }
            yield {**said, "logprobs": answer.take_logprobs(), "tokens": answer.made}

    def _logprobs(self, row: torch.Tensor, token: int, top: int) -> Said:
        found = logprobs_of(row, token, top)
        return {
            **self.spelling.entry(*found["chosen"]),
            "top_logprobs": [self.spelling.entry(other, score) for other, score in found["top"]],
        }

    def _keep(self, staying: list[int], tokens: list[int]) -> None:
        if len(staying) < len(self.answers):
            self._select(staying)
        if not staying:
            return
        ids = torch.tensor([[tokens[i]] for i in staying], device=self.model.device)
        self.mask = torch.cat([self.mask, torch.ones_like(self.mask[:, :1])], dim=1)
        positions = self.mask.sum(1, keepdim=True) - 1
        self.logits = self._forward(
            input_ids=ids, attention_mask=self.mask, position_ids=positions, past_key_values=self.cache
        )

    def _forward(self, **inputs: Any) -> torch.Tensor:
        with self.loaded.active():
            logits: torch.Tensor = self.loaded.model(**inputs, use_cache=True).logits[:, -1]
        return logits

    def _select(self, staying: list[int]) -> None:
        self.answers = [self.answers[i] for i in staying]
        if not staying:
            self.cache = None
            return
        rows = torch.tensor(staying, device=self.mask.device)
        self.mask, self.logits = self.mask[rows], self.logits[rows]
        self.cache.reorder_cache(rows)


def _padded_mask(mask: torch.Tensor, longest: int) -> torch.Tensor:
    return torch.nn.functional.pad(mask, (longest - mask.shape[1], 0))
