"""What every notebook here does: write rows, tune, follow the job, ask. Only the openai SDK is used.

Where to is said by OPENAI_BASE_URL and OPENAI_API_KEY, and which base by MODEL (tiny-chat if unset).
"""

import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from openai import OpenAI

BASE = os.environ.get("MODEL", "tiny-chat")
EXAMPLES = Path(__file__).parent.parent
ENDED = {"succeeded", "failed", "cancelled"}

Messages = list[dict[str, Any]]


def conversation(system: str, user: str, assistant: str) -> Messages:
    """One example in chat format."""
    roles = (("system", system), ("user", user), ("assistant", assistant))
    return [{"role": role, "content": content} for role, content in roles]


def jsonl(examples: Iterable[Messages]) -> bytes:
    """A training file."""
    return "\n".join(json.dumps({"messages": messages}) for messages in examples).encode()


def tune(
    client: OpenAI, train: bytes, held_out: bytes | None = None, suffix: str = "notebook", **hyper: Any
) -> Any:
    """Upload, start a job and tell its events until it has ended."""
    files = [client.files.create(file=("train.jsonl", train), purpose="fine-tune").id]
    if held_out:
        files.append(client.files.create(file=("valid.jsonl", held_out), purpose="fine-tune").id)
    job = client.fine_tuning.jobs.create(
        model=BASE,
        training_file=files[0],
        validation_file=files[1] if held_out else None,
        suffix=suffix,
        seed=7,
        method={"type": "supervised", "supervised": {"hyperparameters": hyper}},
    )
    began = time.monotonic()
    while job.status not in ENDED:
        time.sleep(0.2)
        job = client.fine_tuning.jobs.retrieve(job.id)
    events = list(client.fine_tuning.jobs.list_events(job.id, limit=100))[::-1]
    metrics = [event for event in events if event.type == "metrics"]
    for event in events:
        if event.type == "message" or event in (*metrics[:1], *metrics[-1:]):
            print(f"  {event.message}")
    print(f"  {job.status} after {time.monotonic() - began:.0f} s; {job.trained_tokens or 0} tokens trained")
    return job


def ask(client: OpenAI, model: str, messages: Messages) -> str:
    """The model's answer to everything but the last message."""
    answer = client.chat.completions.create(model=model, messages=messages[:-1], temperature=0, max_tokens=48)
    return answer.choices[0].message.content or ""


def ask_all(client: OpenAI, model: str, examples: list[Messages]) -> list[str]:
    """The answers to many examples, eight at a time."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda messages: ask(client, model, messages), examples))
