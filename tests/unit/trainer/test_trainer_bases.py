"""Real architectures with random weights in a local folder, as an administrator would offer them; slow."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.trainer_process import headlines
from trainer.folder import JobFolder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SMALL = {
    "vocab_size": 2048,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "initializer_range": 0.06,
}
GROUPED = {**SMALL, "num_key_value_heads": 2, "head_dim": 16}
KINDS: dict[str, dict[str, Any]] = {
    "qwen2": {**GROUPED, "tie_word_embeddings": True},
    "gemma2": GROUPED,
    "mistral": {**GROUPED, "sliding_window": 16},
    "gpt_neox": SMALL,
    "bloom": {**SMALL, "n_layer": 2, "n_head": 4},
}
CHATML = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Two that compete with another process are many times slower than one."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def model_of(kind: str) -> Any:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **KINDS[kind]))


def offered(folder: Path, kind: str, **options: Any) -> dict[str, Any]:
    """A base of this kind without a padding token, as its job's spec has it."""
    from trainer.engine import tiny
    from trainer.settings import Base

    tokenizer = tiny.tokenizer([headlines(24).decode()])
    tokenizer.chat_template, tokenizer.pad_token = CHATML, None
    tokenizer.save_pretrained(folder / kind)
    model_of(kind).save_pretrained(folder / kind)
    base = Base(kind, str(folder / kind), context=64, learning_rate=2e-3, lora_rank=4, **options)
    return {**base.as_dict(), "start_from": None}


def trained(
    folder: JobFolder, base: dict[str, Any], rows: list[Any], epochs: int, seed: int = 1
) -> list[dict[str, Any]]:
    """The metrics of a job on these rows, two of which are held out as well."""
    from trainer.engine import plan, train

    folder.write_spec({"base": base, "method": "supervised", "seed": seed, "checkpoint_seconds": 60})
    hyper = plan.settle({"n_epochs": epochs, "batch_size": 4}, base, len(rows), "supervised")
    train.train(folder, rows, rows[:2], hyper)
    return [record["data"] for _, record in folder.records() if record["kind"] == "metrics"]


def rows_of_many_lengths(count: int = 12) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in headlines(count).splitlines()]
    for i, row in enumerate(rows):
        row["messages"][0]["content"] *= 1 + i % 3
    return rows


@pytest.mark.parametrize("kind", ["qwen2", "gemma2", "gpt_neox"])
def test_an_adapter_is_trained_on_every_linear_layer(tmp_path: Path, kind: str) -> None:
    from peft import load_peft_weights

    folder = JobFolder(tmp_path / "job")
    metrics = trained(folder, offered(tmp_path, kind, tuning="lora"), rows_of_many_lengths(), epochs=3)
    assert metrics[-1]["train_loss"] < metrics[0]["train_loss"]
    adapted = {name.split(".lora_")[0] for name in load_peft_weights(str(folder.model))}
    assert len(adapted) == {"qwen2": 14, "gemma2": 14, "gpt_neox": 8}[kind]


def test_a_seed_decides_over_an_adapters_first_weights_and_the_order_of_rows(tmp_path: Path) -> None:
    base, rows = offered(tmp_path, "qwen2", tuning="lora"), rows_of_many_lengths()
    losses = [
        [m["train_loss"] for m in trained(JobFolder(tmp_path / f"job{i}"), base, rows, epochs=1, seed=seed)]
        for i, seed in enumerate((3, 3, 4))
    ]
    assert losses[0] == losses[1] != losses[2]


def test_a_packed_full_tuning_teaches_the_same_and_the_end_of_an_answer(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    rows = rows_of_many_lengths()
    base = offered(tmp_path, "mistral", tuning="full")
    padded = trained(JobFolder(tmp_path / "padded"), base, rows, epochs=12)
    packed = JobFolder(tmp_path / "packed")
    metrics = trained(packed, {**base, "packing": True}, rows, epochs=12)
    assert [m["step"] for m in metrics] == [m["step"] for m in padded]
    for name in ("train_loss", "full_valid_loss"):
        ours, theirs = ([m[name] for m in ms if name in m] for ms in (metrics, padded))
        assert ours == pytest.approx(theirs, rel=0.02, abs=0.005)
    assert ours[-1] < 0.2
    tokenizer = AutoTokenizer.from_pretrained(packed.model)
    model = AutoModelForCausalLM.from_pretrained(packed.model)
    asked = tokenizer.apply_chat_template(
        rows[0]["messages"][:1], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    made = model.generate(**asked, max_new_tokens=8, do_sample=False)[0, asked["input_ids"].shape[1] :]
    assert tokenizer.decode(made) == rows[0]["messages"][1]["content"] + "<|im_end|>"


def test_an_attention_that_sees_its_neighbours_is_found_out_and_refused(tmp_path: Path) -> None:
    from trainer.engine import fitness
    from trainer.engine.failures import Unloadable

    example = list(range(5, 40))
    assert [fitness.keeps_apart(model_of(kind), example) for kind in KINDS] == [True] * 4 + [False]
    base = offered(tmp_path, "bloom", tuning="full", packing=True)
    with pytest.raises(Unloadable, match="packing = true, but its examples can't be packed"):
        trained(JobFolder(tmp_path / "job"), base, rows_of_many_lengths(), epochs=1)


def test_what_a_model_has_no_room_for_is_refused_in_words(tmp_path: Path) -> None:
    from trainer.engine.failures import Unloadable

    base = offered(tmp_path, "qwen2", tuning="full") | {"context": 100}
    long = [{"messages": [{"role": "user", "content": "goal " * 80}, {"role": "assistant", "content": "x"}]}]
    rows = [{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "goal " * 90}]}]
    with pytest.raises(
        Unloadable, match=r"room for 64 tokens, but 'qwen2' is offered with more \(context = 100"
    ):
        trained(JobFolder(tmp_path / "job"), base, rows + long, epochs=1)


def test_a_job_of_one_step_learns_something(tmp_path: Path) -> None:
    from trainer.engine import plan, train

    base = offered(tmp_path, "qwen2", tuning="full")
    rows = rows_of_many_lengths()
    folder = JobFolder(tmp_path / "job")
    folder.write_spec({"base": base, "method": "supervised", "seed": 1, "checkpoint_seconds": 60})
    hyper = plan.settle({"n_epochs": 1, "batch_size": 12}, base, len(rows), "supervised")
    train.train(folder, rows, [], hyper)
    before, after = (weights(path) for path in (tmp_path / "qwen2", folder.model))
    assert any((before[name] != after[name]).any() for name in before)


def weights(folder: Path) -> dict[str, Any]:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder).state_dict()


@pytest.mark.parametrize("packing", [False, True])
def test_the_validation_loss_is_a_mean_of_tokens_whatever_the_batches(tmp_path: Path, packing: bool) -> None:
    base = offered(tmp_path, "qwen2", tuning="full", packing=packing)
    rows = rows_of_many_answers()
    seen = []
    for size in (1, 4, 5):
        trainer = evaluating(JobFolder(tmp_path / f"job{size}"), base, rows, size)
        metrics = trainer.evaluate()
        seen.append((metrics["eval_loss"], metrics["eval_mean_token_accuracy"]))
    assert seen[1:] == [pytest.approx(seen[0], rel=1e-5)] * 2
    assert seen[0] == pytest.approx(by_hand(trainer), rel=1e-5)


def rows_of_many_answers() -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in headlines(7).splitlines()]
    for i, row in enumerate(rows):
        row["messages"][1]["content"] = "goal " * (1 + i * i % 9)
    return rows


def evaluating(folder: JobFolder, base: dict[str, Any], rows: list[Any], size: int) -> Any:
    from trainer.engine import bases, plan, supervised, train
    from trainer.engine.journalist import Journalist

    folder.path.mkdir()
    spec = {"base": base, "method": "supervised", "seed": 1, "checkpoint_seconds": 60}
    hyper = plan.settle({"n_epochs": 1, "batch_size": size}, base, len(rows), "supervised")
    start = bases.load(base, folder, rows)
    prepared = supervised.prepare(start.template(), rows, rows, base["context"])
    journalist = Journalist(folder, 1, 60)
    made = supervised.trainer(start, train.arguments(spec, hyper, folder), hyper, prepared, journalist)
    made.remove_callback(journalist)
    return made


def by_hand(trainer: Any) -> tuple[float, float]:
    """The mean loss and accuracy of all answers' tokens, one row after the other."""
    import torch
    from torch.nn.functional import cross_entropy

    losses, right = [], []
    for row in trainer.eval_dataset:
        labels = torch.tensor(row["labels"][1:])
        with torch.no_grad():
            logits = trainer.model.eval()(torch.tensor([row["input_ids"]])).logits[0, :-1]
        kept = labels != -100
        losses.append(cross_entropy(logits[kept], labels[kept], reduction="none"))
        right.append(logits[kept].argmax(-1) == labels[kept])
    return float(torch.cat(losses).mean()), float(torch.cat(right).float().mean())
