"""Where a job's model and tokenizer come from."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer import disk
from trainer.engine import data, tiny
from trainer.engine.encoding import Template
from trainer.engine.failures import Unloadable, out_of_memory, without_paths
from trainer.folder import JobFolder


@dataclass(frozen=True)
class Start:
    """What a job starts from; with a peft_config only a new adapter is trained."""

    model: Any
    tokenizer: Any
    peft_config: Any = None
    adapted: bool = False
    packing: bool = False

    def template(self) -> Template:
        """What writes conversations for it."""
        return Template(self.tokenizer, self.model.generation_config.eos_token_id)


def load(base: dict[str, Any], folder: JobFolder, rows: list[dict[str, Any]]) -> Start:
    """What the job starts from; raises Unloadable saying why it can't."""
    try:
        return replace(_start(base, folder, rows), packing=bool(base.get("packing")))
    except Unloadable:
        raise
    except Exception as error:
        if disk.is_full(error) or out_of_memory(error):
            raise
        reason = without_paths(" ".join(str(error).split()))[:300]
        raise Unloadable(
            f"the base {base['name']!r} can't be loaded from {_place(base)}: {reason}"
        ) from error


def _place(base: dict[str, Any]) -> str:
    """Where a base comes from, in words that hold no path of this machine."""
    if base.get("start_from"):
        return "the model that the job starts from"
    return "its folder" if Path(base["source"]).is_absolute() else repr(base["source"])


def _start(base: dict[str, Any], folder: JobFolder, rows: list[dict[str, Any]]) -> Start:
    """An earlier result, the tiny base, or a pretrained model."""
    earlier = base.get("start_from")
    folder_of_base = earlier or base["source"]
    if Path(folder_of_base).is_absolute() and not Path(folder_of_base).is_dir():
        # The library would take the path for the name of a repository.
        raise FileNotFoundError("there is no such folder")
    if earlier and (Path(earlier) / "adapter_config.json").exists():
        model = PeftModel.from_pretrained(_model(base, base["source"]), earlier, is_trainable=True)
        return Start(model, _tokenizer(base, earlier), adapted=True)
    if earlier:
        return Start(_model(base, earlier), _tokenizer(base, earlier))
    if base["source"] == "tiny":
        return Start(tiny.model(base["context"]), _tiny_tokenizer(folder, rows))
    lora = _lora(base) if base["tuning"] == "lora" else None
    return Start(_model(base, base["source"]), _tokenizer(base, base["source"]), lora)


def _lora(base: dict[str, Any]) -> LoraConfig:
    rank = base["lora_rank"]
    return LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        target_modules=list(base.get("lora_targets") or ()) or "all-linear",
        task_type="CAUSAL_LM",
    )


def _tiny_tokenizer(folder: JobFolder, rows: list[dict[str, Any]]) -> Any:
    kept = folder.path / "tokenizer"
    if kept.exists():
        return AutoTokenizer.from_pretrained(kept, local_files_only=True)
    made = tiny.tokenizer(list(data.texts(rows)))
    part = Path(f"{kept}.part")
    made.save_pretrained(part)
    disk.flush(part)
    part.rename(kept)
    return made


def _model(base: dict[str, Any], source: str) -> Any:
    """A model of the hub or of a folder; its own code runs only if the administrator allows it."""
    # In full tuning small steps would be lost in bfloat16; a processor is no faster with it.
    half = base["tuning"] == "lora" and torch.cuda.is_available()
    return AutoModelForCausalLM.from_pretrained(
        source,
        trust_remote_code=base["trust_remote_code"],
        dtype=torch.bfloat16 if half else torch.float32,
        attn_implementation=base.get("attention") or None,
    )


def _tokenizer(base: dict[str, Any], source: str) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=base["trust_remote_code"])
    if tokenizer.chat_template is None:
        raise Unloadable(
            f"the base {base['name']!r} has no chat template, so conversations can't be written for it"
        )
    return tokenizer
