"""Whether the values in trainer.toml are of the kind, and in the range, that makes sense for their names."""

import math
from dataclasses import Field
from typing import Any

#: The fewest that makes sense; of what is not named here, 0.
FEWEST = dict.fromkeys(
    (
        "context",
        "batch_size",
        "lora_rank",
        "auto_steps",
        "nodes",
        "cpus",
        "file_bytes",
        "upload_bytes",
        "part_bytes",
        "upload_seconds",
        "active_jobs_per_project",
        "concurrent",
        "loaded_models",
        "places",
        "vllm_processes",
        "batch_adapters",
    ),
    1,
)
ABOVE_NOTHING = {"learning_rate", "dpo_learning_rate", "start_seconds"}


def wrong(field: "Field[Any]", value: Any) -> str:
    """What the value must be, in words; empty when it is that."""
    least = FEWEST.get(field.name, 0)
    if field.type is bool:
        return "" if isinstance(value, bool) else "true or false"
    if field.type is str:
        return "" if isinstance(value, str) else "text"
    if field.type is int:
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= least
        return "" if fits else f"a whole number from {least}"
    if field.type is float:
        return "" if _is_number(value, above=field.name in ABOVE_NOTHING) else _number_in_words(field.name)
    fits = isinstance(value, tuple) and all(isinstance(item, str) for item in value)
    return "" if fits else "a list of texts"


def _is_number(value: Any, *, above: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return value > 0 if above else value >= 0


def _number_in_words(name: str) -> str:
    return "a number above 0" if name in ABOVE_NOTHING else "a number from 0"
