"""The step metrics of a job as OpenAI's result file has them."""

import csv
from pathlib import Path
from typing import Any

from trainer import disk

COLUMNS = {
    "step": "step",
    "train_loss": "loss",
    "train_accuracy": "mean_token_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_mean_token_accuracy",
    "full_valid_loss": "eval_loss",
    "full_valid_mean_token_accuracy": "eval_mean_token_accuracy",
}
PLAIN = 5


def write_results(path: Path, history: list[dict[str, Any]]) -> None:
    """One row a step; the two columns on the whole validation file appear only if there is one."""
    rows: dict[int, dict[str, Any]] = {}
    for entry in history:
        rows.setdefault(entry["step"], {}).update(entry)
    steps = [row for row in rows.values() if "loss" in row]
    held_out = any("eval_loss" in row for row in steps)
    columns = list(COLUMNS.items())[: None if held_out else PLAIN]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, _ in columns])
        writer.writerows([row.get(key, "") for _, key in columns] for row in steps)
    disk.flush(path)
    disk.flush_name(path)
