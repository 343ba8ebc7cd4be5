"""How fast the trainer answers, beside transformers' own generate, in one run.

    python bench/trainer_serving.py

Both use one thread and the tiny base; each stream makes 200 tokens, greedy. "one" is one stream, "sixteen"
is sixteen streams at the same time, in sum. The trainer is measured through HTTP, as a client sees it. Then
the time to a first token: at rest, and while a job trains on the other processors.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from openai import AsyncOpenAI

from tests.fakes.trainer_process import running_trainer
from trainer.engine import tiny

TOKENS = 200
STREAMS = 16
ROUNDS = 5
ASKED = 20
EXAMPLE = Path(__file__).parent.parent / "examples" / "news_train.jsonl"
MESSAGES = [{"role": "user", "content": "What is the answer? Say it in many words."}]


def plain() -> float:
    """Tokens a second of generate alone."""
    torch.set_num_threads(1)
    model, tokenizer = tiny.untrained(1024)
    text = tokenizer.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True)
    inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False)
    options = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "do_sample": False}
    model.generate(**inputs, **options)
    began = time.perf_counter()
    model.generate(**inputs, **options)
    return TOKENS / (time.perf_counter() - began)


async def ask(client: AsyncOpenAI) -> int:
    """The tokens of one stream."""
    made = 0
    async for chunk in await client.chat.completions.create(
        model="tiny-chat",
        messages=MESSAGES,
        temperature=0,
        max_tokens=TOKENS,
        stream=True,
        stream_options={"include_usage": True},
    ):
        made = chunk.usage.completion_tokens if chunk.usage else made
    return made


async def streams(client: AsyncOpenAI, count: int) -> float:
    """Tokens a second of so many streams together."""
    began = time.perf_counter()
    made = sum(await asyncio.gather(*(ask(client) for _ in range(count))))
    return made / (time.perf_counter() - began)


async def first_token(client: AsyncOpenAI) -> float:
    """Seconds until the first token of a stream."""
    began = time.perf_counter()
    stream = await client.chat.completions.create(
        model="tiny-chat", messages=MESSAGES, temperature=0, max_tokens=1, stream=True
    )
    ended = [time.perf_counter() async for chunk in stream if chunk.choices[0].finish_reason]
    return ended[0] - began


async def while_training(client: AsyncOpenAI) -> tuple[float, float, int]:
    """The median and the longest time to a first token while a job trains, and how many were measured."""
    file = await client.files.create(file=EXAMPLE, purpose="fine-tune")
    job = await client.fine_tuning.jobs.create(
        model="tiny-chat", training_file=file.id, hyperparameters={"n_epochs": 40}
    )
    seconds: list[float] = []
    while job.status not in {"succeeded", "failed", "cancelled"} and len(seconds) < ASKED:
        events = await client.fine_tuning.jobs.list_events(job.id, limit=1)
        if events.data[0].type == "metrics":
            seconds.append(await first_token(client))
        await asyncio.sleep(0.1)
        job = await client.fine_tuning.jobs.retrieve(job.id)
    await client.fine_tuning.jobs.cancel(job.id)
    return statistics.median(seconds), max(seconds), len(seconds)


async def main() -> None:
    """Alternate the three, so that whatever else the machine does hits all of them."""
    with tempfile.TemporaryDirectory() as folder, running_trainer(Path(folder) / "home") as trainer:
        client = AsyncOpenAI(api_key="any", base_url=trainer.url)
        await ask(client)
        rows = []
        for _ in range(ROUNDS):
            rows.append((plain(), await streams(client, 1), await streams(client, STREAMS)))
        rest = statistics.median([await first_token(client) for _ in range(ASKED)])
        busy, longest, asked = await while_training(client)
    generate, one, sixteen = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"generate {generate:.0f} tokens/s, one {one:.0f} ({one / generate:.2f}), ", end="")
    print(f"sixteen {sixteen:.0f} ({sixteen / generate:.2f})")
    print(f"first token at rest {rest * 1000:.0f} ms, while a job trains {busy * 1000:.0f} ms, ", end="")
    print(f"at most {longest * 1000:.0f} ms of {asked}")


if __name__ == "__main__":
    asyncio.run(main())
