"""How `vllm serve` is started: its command line, and what it is told besides."""

from pathlib import Path
from typing import Any

from trainer.settings import Serving

#: The ranks that vLLM has room for.
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)


def command(source: str, base: dict[str, Any], settings: Serving, socket: Path) -> list[str]:
    """The command line: what the answers depend on, then the administrator's options, then what must hold."""
    options = {
        "--served-model-name": base["name"],
        "--max-model-len": str(base["context"]),
        # Not the model's own taste in top_k and penalties: only what the question says.
        "--generation-config": "vllm",
        "--chat-template-content-format": "string",
    }
    if source == base["source"]:
        options |= {
            "--max-loras": str(min(settings.batch_adapters, settings.loaded_models)),
            "--max-cpu-loras": str(settings.loaded_models),
            "--max-lora-rank": str(min(rank for rank in RANKS if rank >= min(base["lora_rank"], RANKS[-1]))),
        }
    return [
        *(settings.vllm, "serve", source),
        *(word for option in options.items() for word in option),
        *(["--enable-lora"] if source == base["source"] else []),
        *(["--trust-remote-code"] if base["trust_remote_code"] else []),
        "--disable-uvicorn-access-log",
        *settings.vllm_options,
        *("--uds", str(socket)),
    ]


def environment(key: str) -> dict[str, str]:
    """What vLLM is told besides its options; nothing is reported to anyone."""
    return {
        "VLLM_API_KEY": key,
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
    }
