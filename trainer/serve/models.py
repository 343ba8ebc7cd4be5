"""The models in memory; the one not asked for longest makes room for the next.

A base that was tuned with LoRA is loaded once, and its adapters share it.
"""

import contextlib
import itertools
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.engine import tiny


class Missing(Exception):
    """The model's folder is gone."""


@dataclass
class Shared:
    """A base in memory, and the adapters on it."""

    model: Any
    tokenizer: Any
    adapted: Any = None
    names: itertools.count = field(default_factory=itertools.count)  # type: ignore[type-arg]


@dataclass
class Loaded:
    """One model that can be asked: a base, or a base with one adapter."""

    shared: Shared
    tokenizer: Any
    adapter: str | None = None

    @property
    def model(self) -> Any:
        """What computes, whichever adapter is active."""
        return self.shared.adapted if self.shared.adapted is not None else self.shared.model

    def active(self) -> contextlib.AbstractContextManager[Any]:
        """While this lasts, the model computes as this one."""
        if self.shared.adapted is None:
            return contextlib.nullcontext()
        if self.adapter is None:
            return self.shared.adapted.disable_adapter()  # type: ignore[no-any-return]
        if self.shared.adapted.active_adapter != self.adapter:
            self.shared.adapted.set_adapter(self.adapter)
        return contextlib.nullcontext()

    def unload(self) -> None:
        """Give an adapter's memory back; a base goes with its last user."""
        if self.adapter is not None:
            self.shared.adapted.delete_adapter(self.adapter)


class Models:
    """Loads by folder, or the base itself."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.loaded: OrderedDict[str, Loaded] = OrderedDict()
        self.bases: dict[str, Shared] = {}
        self.deleted: set[str] = set()

    def get(self, folder: str | None, base: dict[str, Any], busy: set[str]) -> Loaded:
        """The model, loaded if need be; those that are answering stay."""
        name = name_of(folder, base)
        if name not in self.loaded:
            self.loaded[name] = self._load(folder, base)
        self.loaded.move_to_end(name)
        for other in [other for other in self.loaded if other not in {name, *busy}]:
            if len(self.loaded) > self.most:
                self.loaded.pop(other).unload()
        return self.loaded[name]

    def forget(self, folder: str, busy: set[str]) -> None:
        """Let go of a deleted model, once it isn't answering."""
        self.deleted.add(folder)
        self.settle(busy)

    def settle(self, busy: set[str]) -> None:
        """Let go of what was deleted while it answered."""
        for folder in self.deleted - busy:
            self.deleted.discard(folder)
            if folder in self.loaded:
                self.loaded.pop(folder).unload()

    def _load(self, folder: str | None, base: dict[str, Any]) -> Loaded:
        if folder is None:
            shared = self._base(base)
            return Loaded(shared, shared.tokenizer)
        if not Path(folder).is_dir():
            raise Missing(folder)
        if (Path(folder) / "adapter_config.json").exists():
            return self._adapter(folder, base)
        shared = _pretrained(folder, base)
        return Loaded(shared, shared.tokenizer)

    def _base(self, base: dict[str, Any]) -> Shared:
        if base["name"] not in self.bases:
            if base["source"] == "tiny":
                model, tokenizer = tiny.untrained(base["context"])
                self.bases[base["name"]] = Shared(model.eval(), tokenizer)
            else:
                self.bases[base["name"]] = _pretrained(base["source"], base)
        return self.bases[base["name"]]

    def _adapter(self, folder: str, base: dict[str, Any]) -> Loaded:
        shared = self._base(base)
        adapter = f"adapter{next(shared.names)}"
        if shared.adapted is None:
            shared.adapted = PeftModel.from_pretrained(shared.model, folder, adapter_name=adapter).eval()
        else:
            shared.adapted.load_adapter(folder, adapter_name=adapter)
        return Loaded(shared, shared.tokenizer, adapter)


def name_of(folder: str | None, base: dict[str, Any]) -> str:
    """What a model is called in here."""
    return folder or f"base {base['name']}"


def _pretrained(source: str, base: dict[str, Any]) -> Shared:
    trust = base["trust_remote_code"]
    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=trust)
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    model = AutoModelForCausalLM.from_pretrained(source, trust_remote_code=trust, dtype=dtype)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    placed: Any = model
    return Shared(placed.to(device).eval(), tokenizer)
