"""Where a job's model and tokenizer come from."""

from pathlib import Path
from typing import Any

from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.engine import data, tiny
from trainer.folder import JobFolder


class Unloadable(Exception):
    """The base can't be loaded; the message says which and why."""


def load(base: dict[str, Any], folder: JobFolder, rows: list[dict[str, Any]]) -> tuple[Any, Any]:
    """Model and tokenizer to start from: an earlier result, the tiny base, or a pretrained model."""
    if base.get("start_from"):
        return pretrained(base, base["start_from"])
    if base["source"] == "tiny":
        return tiny.model(base["context"]), _tiny_tokenizer(folder, rows)
    return pretrained(base, base["source"])


def _tiny_tokenizer(folder: JobFolder, rows: list[dict[str, Any]]) -> Any:
    kept = folder.path / "tokenizer"
    if kept.exists():
        return AutoTokenizer.from_pretrained(kept, local_files_only=True)
    made = tiny.tokenizer(list(data.texts(rows)))
    part = Path(f"{kept}.part")
    made.save_pretrained(part)
    part.rename(kept)
    return made


def pretrained(base: dict[str, Any], source: str) -> tuple[Any, Any]:
    """A model of the hub or of a local folder; its own code runs only if the administrator allows it."""
    trust = base["trust_remote_code"]
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=trust)
        model = AutoModelForCausalLM.from_pretrained(source, trust_remote_code=trust)
    except (OSError, ValueError, ImportError) as error:
        raise Unloadable(f"the base {base['name']!r} can't be loaded from {source!r}: {error}") from error
    if tokenizer.chat_template is None:
        raise Unloadable(
            f"the base {base['name']!r} has no chat template, so conversations can't be written for it"
        )
    return model, tokenizer
