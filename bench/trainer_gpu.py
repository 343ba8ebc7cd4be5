"""The trainer on a GPU: training beside TRL's own script, the way to the first token, many adapters.

    python bench/trainer_gpu.py --vllm /opt/vllm/bin/vllm     # on a GPU machine
    python bench/trainer_gpu.py --tiny                        # anywhere: proves that it runs

The base has random weights in the shape of Qwen2.5-0.5B (0.6 B parameters with the output layer untied):
speed and memory don't depend on what a model knows. Each part is a process of its own, so that a part's
memory is free for the next.

    train      LoRA in bf16 (on a GPU): tokens a second and peak memory, ours and TRL's script in turn
    first      from `succeeded` to the first token of the first answer, everything else at rest
    adapters   tokens a second of many streams through our server: to the base, then spread over adapters
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from openai import APIStatusError, AsyncOpenAI, OpenAI
from transformers import PrinterCallback

from tests.fakes.trainer_process import TrainerProcess, running_trainer

ROOT = Path(__file__).parent.parent
ROWS = ROOT / "examples" / "news_train.jsonl"
PARTS = ("train", "first", "adapters")
MESSAGES: Any = [{"role": "user", "content": "What is the answer? Say it in many words."}]


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    layers: int
    hidden: int
    heads: int
    vocabulary: int
    context: int
    batch: int
    steps: int
    rounds: int
    adapters: int
    streams: int
    tokens: int


FULL = Size(24, 896, 14, 151_936, 1024, 8, 60, 3, 32, 64, 256)
TINY = Size(2, 64, 2, 2048, 256, 4, 6, 2, 4, 4, 16)


def write_base(folder: Path, size: Size) -> None:
    """A model of Qwen2's architecture with random weights; its vocabulary is learned from the rows."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    from trainer.engine import tiny

    tokenizer = tiny.tokenizer([ROWS.read_text()])
    tokenizer.save_pretrained(folder)
    config = Qwen2Config(
        vocab_size=size.vocabulary,
        hidden_size=size.hidden,
        intermediate_size=size.hidden * 38 // 7,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=2,
        max_position_embeddings=max(size.context, 2048),
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(1)
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def base_of(source: Path, size: Size) -> dict[str, Any]:
    """The base as trainer.toml would have it."""
    from trainer.settings import Base

    return Base("bench", str(source), context=size.context, batch_size=size.batch).as_dict()


def train(source: Path, size: Size) -> None:
    """Ours and TRL's, in turn; each step is a full batch of rows as long as the context."""
    from datasets import Dataset
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from trainer.engine import bases, supervised
    from trainer.engine import train as training
    from trainer.engine.journalist import Journalist
    from trainer.engine.plan import settle
    from trainer.folder import JobFolder

    rows = long_rows(size)
    base = base_of(source, size)
    hyper = settle({"n_epochs": 1, "batch_size": size.batch}, base, len(rows), "supervised")
    results: dict[str, list[tuple[float, float]]] = {"TRL": [], "ours": []}
    # The first round warms up.
    for number in range(size.rounds + 1):
        for who in results:
            with tempfile.TemporaryDirectory() as path:
                folder = JobFolder(Path(path))
                spec = {"base": base, "method": "supervised", "seed": 1, "checkpoint_seconds": 30}
                start = bases.load(base, folder, rows)
                prepared = supervised.prepare(start.template(), rows, [], base["context"])
                arguments = training.arguments(spec, hyper, folder)
                if who == "ours":
                    made = supervised.trainer(start, arguments, hyper, prepared, Journalist(folder, 1, 30))
                else:
                    config = SFTConfig(
                        **arguments, max_length=None, dataset_kwargs={"skip_prepare_dataset": True}
                    )
                    made = SFTTrainer(
                        model=start.model,
                        args=config,
                        train_dataset=Dataset.from_list(prepared.rows),
                        processing_class=start.tokenizer,
                        peft_config=start.peft_config,
                    )
                figures = measured(made, prepared.tokens)
                results[who] += [figures] if number else []
                del made, start
    for who, rounds in results.items():
        speed, memory = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{who}: {speed:.0f} tokens/s", f"{memory / 2**30:.2f} GiB at most" if memory else "", sep=", ")
    ours, theirs = (statistics.median(speed for speed, _ in results[who]) for who in ("ours", "TRL"))
    print(f"ours against TRL: {ours / theirs:.3f}")


def long_rows(size: Size) -> list[dict[str, Any]]:
    """As many rows as the steps need, each about as long as the context."""
    texts = [json.loads(line)["messages"][0]["content"] for line in ROWS.read_text().splitlines()]
    text = " ".join(texts * (1 + size.context // len(texts)))[: size.context * 8]
    answer = {"role": "assistant", "content": text}
    return [{"messages": [MESSAGES[0], answer]} for _ in range(size.steps * size.batch)]


def measured(trainer: Any, tokens: int) -> tuple[float, float]:
    """Tokens a second and the most memory of the GPU in bytes, 0 without one."""
    trainer.remove_callback(PrinterCallback)
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.synchronize()
    began = time.perf_counter()
    trainer.train()
    if gpu:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    return tokens / seconds, float(torch.cuda.max_memory_allocated()) if gpu else 0.0


def config_of(source: Path, size: Size, vllm: str, options: list[str]) -> str:
    """The trainer.toml of the serving parts."""
    return "\n".join(
        [
            "[serving]",
            f"engine = {json.dumps('vllm' if vllm else 'local')}",
            f"vllm = {json.dumps(vllm or 'vllm')}",
            f"vllm_options = {json.dumps(options)}",
            f"loaded_models = {size.adapters}",
            f"batch_adapters = {size.adapters}",
            f"places = {size.streams}",
            "[bases.bench]",
            f"source = {json.dumps(str(source))}",
            f"context = {size.context}",
            f"batch_size = {size.batch}",
        ]
    )


def first(source: Path, size: Size, config: str) -> None:
    """Train through the API, then ask until the first token comes."""
    with (
        tempfile.TemporaryDirectory() as path,
        running_trainer(Path(path) / "home", config=config) as trainer,
    ):
        client = trainer.client()
        file = client.files.create(file=ROWS, purpose="fine-tune")
        hyper: Any = {"n_epochs": 1, "batch_size": size.batch}
        job = client.fine_tuning.jobs.create(model="bench", training_file=file.id, hyperparameters=hyper)
        while job.status not in {"succeeded", "failed", "cancelled"}:
            time.sleep(0.02)
            job = client.fine_tuning.jobs.retrieve(job.id)
        began = time.perf_counter()
        assert job.status == "succeeded", job.error
        seconds = [until_first_token(client, job.fine_tuned_model or "") - began]
        for _ in range(5):
            began = time.perf_counter()
            seconds.append(until_first_token(client, job.fine_tuned_model or "") - began)
        later = statistics.median(seconds[1:])
        print(f"succeeded to the first token {seconds[0]:.2f} s; later questions {later * 1000:.0f} ms")


def until_first_token(client: OpenAI, model: str) -> float:
    """When the first token came; a model that is being loaded is asked again at once."""
    while True:
        try:
            with client.chat.completions.create(
                model=model, messages=MESSAGES, max_tokens=1, stream=True
            ) as stream:
                for chunk in stream:
                    if chunk.choices and chunk.choices[0].delta.content is not None:
                        return time.perf_counter()
        except APIStatusError as error:
            if error.status_code != 503:
                raise
        time.sleep(0.02)


def adapters(source: Path, size: Size, config: str) -> None:
    """The base alone, then as many streams spread over the adapters, in turn."""
    from trainer.store import Model, Store

    with tempfile.TemporaryDirectory() as path:
        home = Path(path) / "home"
        write_adapters(source, home, size)
        store = Store(home)
        for number in range(size.adapters):
            folder = f"jobs/ftjob-{number}/model"
            store.add(
                Model(f"ft:bench:local:{number}:x", "default", number, "bench", f"ftjob-{number}", folder)
            )
        store.close()
        with running_trainer(home, config=config) as trainer:
            until_first_token(trainer.client(), "bench")
            asyncio.run(_adapters(trainer, size))


def write_adapters(source: Path, home: Path, size: Size) -> None:
    """Adapters with random weights."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    lora = LoraConfig(r=16, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(source), lora)
    for number in range(size.adapters):
        model.save_pretrained(home / f"jobs/ftjob-{number}/model")


async def _adapters(trainer: TrainerProcess, size: Size) -> None:
    client = AsyncOpenAI(api_key="any", base_url=trainer.url, timeout=600)
    names = [f"ft:bench:local:{number}:x" for number in range(size.adapters)]
    await streams(client, names, size)
    rows = [
        (await streams(client, ["bench"], size), await streams(client, names, size))
        for _ in range(size.rounds)
    ]
    alone, spread = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"{size.streams} streams: base alone {alone:.0f} tokens/s, ", end="")
    print(f"over {size.adapters} adapters {spread:.0f} ({spread / alone:.2f})")


async def streams(client: AsyncOpenAI, models: list[str], size: Size) -> float:
    """Tokens a second of all streams together."""
    began = time.perf_counter()
    asked = (ask(client, models[i % len(models)], size.tokens) for i in range(size.streams))
    made = sum(await asyncio.gather(*asked))
    return made / (time.perf_counter() - began)


async def ask(client: AsyncOpenAI, model: str, tokens: int) -> int:
    """The tokens of one stream."""
    made = 0
    options: Any = {"max_tokens": tokens, "stream": True, "stream_options": {"include_usage": True}}
    async for chunk in await client.chat.completions.create(model=model, messages=MESSAGES, **options):
        made = chunk.usage.completion_tokens if chunk.usage else made
    return made


def main() -> None:
    """Each part in a process of its own, over one base."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tiny", action="store_true", help="a size that any machine can do")
    parser.add_argument("--vllm", default="", help="the vllm program; without it the local engine answers")
    parser.add_argument("--vllm-option", action="append", default=[], help="a word for vllm serve; repeat it")
    parser.add_argument("--part", choices=PARTS, action="append", help="only these parts")
    parser.add_argument("--base", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = TINY if options.tiny else FULL
    if options.base is None:
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{os.cpu_count()} processors"
        print(f"torch {torch.__version__} on {device}", flush=True)
        with tempfile.TemporaryDirectory() as path:
            write_base(Path(path), size)
            for part in options.part or PARTS:
                print(f"{part}:", flush=True)
                command = [sys.executable, __file__, *sys.argv[1:], "--part", part, "--base", path]
                subprocess.run(command, check=True)
    else:
        config = config_of(options.base, size, options.vllm, options.vllm_option)
        {
            "train": lambda: train(options.base, size),
            "first": lambda: first(options.base, size, config),
            "adapters": lambda: adapters(options.base, size, config),
        }[options.part[-1]]()


if __name__ == "__main__":
    main()
