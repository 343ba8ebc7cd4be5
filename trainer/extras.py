"""What has to be installed beside the base of the package, told at once instead of when it is missed."""

from importlib.util import find_spec

TRAINER = ("accelerate", "datasets", "jinja2", "peft", "tokenizers", "torch", "transformers", "trl")
RAY = ("ray", "requests")


def missing(executor: str) -> str | None:
    """What to install for this executor; None if all is there."""
    wanted = {"trainer": TRAINER, **({"ray": RAY} if executor == "ray" else {})}
    absent = [name for names in wanted.values() for name in names if not find_spec(name)]
    if not absent:
        return None
    extras = ",".join(wanted)
    return f"not installed: {', '.join(absent)}. Run pip install 'ft-bot[{extras}]', then start again."
