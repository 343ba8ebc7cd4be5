"""What the trainer adds to a step of TRL's own script, same settings, same rows, in one run.

    OMP_NUM_THREADS=1 python bench/trainer_step.py

Ours writes metrics into the journal, looks for a pause after every step and saves the last three epochs'
checkpoints; TRL's script only trains, with its own schedule of the same kind, whose warm-up begins at 0.
"whole" compares the whole training, "step" the median step, both in processor time, which others on the
machine blur less than the clock's.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from datasets import Dataset
from transformers import TrainerCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from trainer import settings
from trainer.engine import bases, checks, supervised, train
from trainer.engine.journalist import Journalist
from trainer.engine.plan import settle
from trainer.folder import JobFolder

ROWS = Path(__file__).parent.parent / "examples" / "news_train.jsonl"
ROUNDS = 5


class Clock(TrainerCallback):
    """When each step began."""

    def __init__(self) -> None:
        self.begins: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Note the time."""
        self.begins.append(time.process_time())

    def step(self) -> float:
        """The median time from one step's beginning to the next."""
        return statistics.median(b - a for a, b in zip(self.begins, self.begins[1:], strict=False))


def measured(trainer: Any) -> tuple[float, float]:
    """Seconds of the whole training and of the median step."""
    clock = Clock()
    trainer.add_callback(clock)
    began = time.process_time()
    trainer.train()
    return time.process_time() - began, clock.step()


def main() -> None:
    """Alternate the two, so that whatever else the machine does hits both."""
    rows = checks.read(ROWS, "supervised")
    base = settings.load().bases["tiny-chat"].as_dict()
    hyper = settle({"n_epochs": 6}, base, len(rows), "supervised")
    results = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as path:
            folder = JobFolder(Path(path))
            spec = {"base": base, "method": "supervised", "seed": 1, "checkpoint_seconds": 30}
            start = bases.load(base, folder, rows)
            prepared = supervised.prepare(start.template(), rows, [], base["context"])
            arguments = train.arguments(spec, hyper, folder)
            theirs = measured(
                SFTTrainer(
                    model=start.model,
                    args=SFTConfig(
                        **arguments, max_length=None, dataset_kwargs={"skip_prepare_dataset": True}
                    ),
                    train_dataset=Dataset.from_list(prepared.rows),
                    processing_class=start.tokenizer,
                )
            )
            start = bases.load(base, folder, rows)
            journalist = Journalist(folder, hyper.n_epochs, 30)
            ours = measured(supervised.trainer(start, arguments, hyper, prepared, journalist))
            results.append((*theirs, *ours))
    whole, step, our_whole, our_step = (statistics.median(column) for column in zip(*results, strict=True))
    print(f"TRL {whole:.2f} s, {step * 1000:.1f} ms a step; ours {our_whole:.2f} s, {our_step * 1000:.1f} ms")
    print(f"whole {our_whole / whole:.3f}, step {our_step / step:.3f}")


if __name__ == "__main__":
    main()
