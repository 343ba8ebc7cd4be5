"""A causal model in a local folder, small enough to train in a test, as an administrator would declare it."""

from pathlib import Path

from trainer.engine import tiny
from trainer.engine.tiny import END

TEMPLATE = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def write_small_base(folder: Path, texts: list[str]) -> None:
    """Save a model of the Llama family with a tokenizer and a chat template of its own."""
    tokenizer = tiny.tokenizer(texts)
    tokenizer.chat_template = TEMPLATE
    tokenizer.eos_token = END
    tokenizer.save_pretrained(folder)
    tiny.model(256).save_pretrained(folder)


def section(name: str, source: Path | str, **options: object) -> str:
    """The trainer.toml section that offers it."""
    lines = [
        f"[bases.{name}]",
        f'source = "{source}"',
        "context = 256",
        *(f"{k} = {v!r}" for k, v in options.items()),
    ]
    return "\n".join(lines) + "\n"
