"""The models in memory; the one not asked for longest makes room for the next."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.engine import tiny


class Missing(Exception):
    """The model's folder is gone."""


class Models:
    """Loads by folder, or makes the untrained tiny base."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.loaded: OrderedDict[str, tuple[Any, Any]] = OrderedDict()

    def get(self, folder: str | None, base: dict[str, Any]) -> tuple[Any, Any]:
        """Model and tokenizer."""
        name = folder or f"base {base['name']}"
        if name not in self.loaded:
            self.loaded[name] = _load(folder, base)
        self.loaded.move_to_end(name)
        while len(self.loaded) > self.most:
            self.loaded.popitem(last=False)
        return self.loaded[name]

    def forget(self, folder: str) -> None:
        """Let go of a deleted model."""
        self.loaded.pop(folder, None)


def _load(folder: str | None, base: dict[str, Any]) -> tuple[Any, Any]:
    if folder is None and base["source"] == "tiny":
        model, tokenizer = tiny.untrained(base["context"])
    else:
        if folder is not None and not Path(folder).is_dir():
            raise Missing(folder)
        source, trust = folder or base["source"], base["trust_remote_code"]
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=trust)
        model = AutoModelForCausalLM.from_pretrained(source, trust_remote_code=trust)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval(), tokenizer
