"""Answers of one model made together, held against plain generation; slow for torch's import."""

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.slow
WINDOW, MADE = 8, 20
SMALL = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.3,
}
KINDS: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": {"sliding_window": WINDOW},
    "gemma2": {"sliding_window": WINDOW},
    "gemma3_text": {
        "sliding_window": WINDOW,
        "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
    },
    # Its convolutions have a state that knows no padding.
    "lfm2": {"layer_types": ["conv", "full_attention", "conv"]},
}
#: Longer and shorter than the window, and than each other.
PROMPTS = [[5 + i * 7 % 290 for i in range(length)] for length in (3, 30, 12, 45)]


def model_of(kind: str) -> Any:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **SMALL, **KINDS[kind])).eval()


class Tokenizer:
    """As much of one as a batch needs: a token is written as its number."""

    eos_token_id, added_tokens_decoder = 2, {}

    def decode(self, tokens: list[int], **_: Any) -> str:
        return "".join(f"{token} " for token in tokens)

    def convert_ids_to_tokens(self, token: int) -> str:
        return f"{token} "


def answers_of(id: int, count: int = 1, stop: tuple[str, ...] = ()) -> list[Any]:
    from trainer.serve.batch import Answer
    from trainer.serve.sampling import Sampler
    from trainer.serve.text import TextStream

    question = {"temperature": 0, "top_p": 1, "seed": 1}
    return [
        Answer(id, i, Sampler.of(question, i), TextStream(Tokenizer(), list(stop)), MADE, 0)
        for i in range(count)
    ]


def batch_of(model: Any) -> Any:
    from trainer.serve.batch import Batch
    from trainer.serve.models import Loaded, Shared

    return Batch(Loaded(Shared(model, Tokenizer()), Tokenizer()))


def generated(model: Any, prompt: list[int]) -> tuple[list[int], list[float]]:
    """What plain greedy generation makes, and how likely it finds each token."""
    import torch

    made = model.generate(
        torch.tensor([prompt]),
        max_new_tokens=MADE,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    tokens = made.sequences[0, len(prompt) :].tolist()
    scores = [float(row[0].log_softmax(-1)[token]) for row, token in zip(made.logits, tokens, strict=True)]
    return [token for token in tokens if token != 2], scores


def collect(batch: Any, said: dict[Any, tuple[list[int], list[float]]], steps: int) -> None:
    for _ in range(steps):
        for words in batch.step() if batch.answers else ():
            tokens, scores = said.setdefault((words["id"], words["index"]), ([], []))
            tokens.extend(int(word) for word in words["text"].split())
            scores.extend(entry["logprob"] for entry in words["logprobs"])


def expect(said: tuple[list[int], list[float]], wanted: tuple[list[int], list[float]]) -> None:
    assert said[0] == wanted[0]
    assert said[1] == pytest.approx(wanted[1][: len(said[1])], abs=1e-4)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "lfm2"])
def test_answers_that_join_and_leave_each_other_are_those_of_plain_generation(kind: str) -> None:
    model = model_of(kind)
    batch, said = batch_of(model), {}
    for id, prompt in enumerate(PROMPTS):
        batch.admit(prompt, answers_of(id))
        collect(batch, said, 6)
    collect(batch, said, MADE)
    assert not batch.answers
    for id, prompt in enumerate(PROMPTS):
        expect(said[id, 0], generated(model, prompt))


@pytest.mark.parametrize("kind", ["mistral", "lfm2"])
def test_several_answers_to_one_question_go_on_when_others_of_them_have_ended(kind: str) -> None:
    model = model_of(kind)
    batch, said = batch_of(model), {}
    answers = answers_of(1, 3)
    answers[1].most = 4
    batch.admit(PROMPTS[1], answers)
    collect(batch, said, MADE)
    wanted = generated(model, PROMPTS[1])
    for index in (0, 2):
        expect(said[1, index], wanted)
    assert said[1, 1][0] == wanted[0][:4]


def test_questions_to_a_model_whose_answers_cannot_join_are_answered_one_after_another() -> None:
    import io
    import queue

    from trainer.serve.answering import Answering

    answering = Answering(SimpleNamespace(settle=lambda _: None), queue.Queue(), io.StringIO(), places=4)
    question = {"n": 1, "folder": "model", "base": {}}
    batch = batch_of(model_of("lfm2"))
    batch.admit(PROMPTS[0], answers_of(1))
    answering.batches["model"] = batch
    assert not answering._has_place(question)
    assert answering._has_place({**question, "folder": "another"})
    batch.answers = []
    answering._end_if_empty("model", batch)
    assert answering._has_place(question)


def test_the_scores_are_those_of_the_tokens_that_are_shown() -> None:
    model = model_of("llama")
    tokens, scores = generated(model, PROMPTS[0])
    for stop in (f"{tokens[6]} {tokens[7]}", f"{tokens[6]} nothing", f"{tokens[0]}"):
        batch, said = batch_of(model), {}
        batch.admit(PROMPTS[0], answers_of(1, stop=(stop,)))
        collect(batch, said, MADE)
        shown = "".join(f"{token} " for token in tokens).partition(stop)[0].split()
        assert said[1, 0][0] == [int(word) for word in shown]
        assert said[1, 0][1] == pytest.approx(scores[: len(shown)], abs=1e-4)
