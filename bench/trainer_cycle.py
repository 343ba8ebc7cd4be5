"""From the upload of the example's training file to the first right answer, and what the model then knows.

python bench/trainer_cycle.py
"""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from openai import OpenAI

from tests.fakes.trainer_process import running_trainer

EXAMPLES = Path(__file__).parent.parent / "examples"


def conversations(name: str) -> list[list[dict[str, str]]]:
    """The messages of an example file."""
    return [json.loads(line)["messages"] for line in (EXAMPLES / name).read_text().splitlines()]


def right(client: OpenAI, model: str, messages: list[dict[str, str]]) -> bool:
    """Whether the model says what the row says."""
    answer = client.chat.completions.create(model=model, messages=messages[:-1], temperature=0, max_tokens=16)
    return answer.choices[0].message.content == messages[-1]["content"]


def share(client: OpenAI, model: str, name: str) -> str:
    """The share of a file that the model gets right."""
    rows = conversations(name)
    return f"{sum(right(client, model, row) for row in rows) / len(rows):.0%} of {len(rows)}"


def main() -> None:
    """Run the cycle once."""
    with tempfile.TemporaryDirectory() as folder, running_trainer(Path(folder) / "home") as trainer:
        client = trainer.client()
        began = time.perf_counter()
        file = client.files.create(file=EXAMPLES / "news_train.jsonl", purpose="fine-tune")
        job = client.fine_tuning.jobs.create(model="tiny-chat", training_file=file.id, seed=1)
        while job.status not in {"succeeded", "failed", "cancelled"}:
            time.sleep(0.1)
            job = client.fine_tuning.jobs.retrieve(job.id)
        trained = time.perf_counter() - began
        model = job.fine_tuned_model or ""
        first = right(client, model, conversations("news_train.jsonl")[0])
        answered = time.perf_counter() - began
        print(f"{job.status} after {trained:.1f} s, first answer after {answered:.1f} s, right: {first}")
        epochs = job.hyperparameters.n_epochs if job.hyperparameters else "?"
        print(f"{epochs} epochs; tuned: training rows {share(client, model, 'news_train.jsonl')}, ", end="")
        print(f"held-out rows {share(client, model, 'news_heldout.jsonl')}; ", end="")
        print(f"untrained base: held-out rows {share(client, 'tiny-chat', 'news_heldout.jsonl')}")


if __name__ == "__main__":
    main()
