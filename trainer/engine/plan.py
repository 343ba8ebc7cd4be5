"""What "auto" means: the hyperparameters that a job really runs with, and the sentence that explains them."""

from dataclasses import dataclass
from math import ceil
from typing import Any

MOST_EPOCHS = 50
FEWEST_EPOCHS = 3
# About what OpenAI's own "auto" comes to.
AUTO_MULTIPLIER = 2.0


@dataclass(frozen=True)
class Hyperparameters:
    """Every number settled."""

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    beta: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The form that stands in OpenAI's job object."""
        named = {
            "n_epochs": self.n_epochs,
            "batch_size": self.batch_size,
            "learning_rate_multiplier": self.learning_rate_multiplier,
        }
        return named if self.beta is None else {**named, "beta": self.beta}

    def steps(self, examples: int) -> int:
        """How many steps so many examples take."""
        return ceil(examples / self.batch_size) * self.n_epochs


def settle(
    requested: dict[str, Any], base: dict[str, Any], examples: int, method: str, processes: int = 1
) -> Hyperparameters:
    """Replace each "auto" by a number that suits the base and the number of examples.

    Where several processes train together, a batch is a multiple of their number.
    """
    batch_size = _chosen(requested, "batch_size", min(base["batch_size"], max(1, examples // 5)))
    batch_size = ceil(min(batch_size, examples) / processes) * processes
    steps = ceil(examples / batch_size)
    epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(base["auto_steps"] / steps)))
    return Hyperparameters(
        n_epochs=int(_chosen(requested, "n_epochs", epochs)),
        batch_size=int(batch_size),
        learning_rate_multiplier=float(_chosen(requested, "learning_rate_multiplier", AUTO_MULTIPLIER)),
        beta=float(_chosen(requested, "beta", 0.1)) if method == "dpo" else None,
    )


def _chosen(requested: dict[str, Any], name: str, auto: float) -> Any:
    value = requested.get(name)
    return auto if value in (None, "auto") else value


def explain(hyper: Hyperparameters, requested: dict[str, Any], base: dict[str, Any], examples: int) -> str:
    """One sentence for the job's events."""
    settled = hyper.as_dict()
    auto = [name for name in settled if requested.get(name) in (None, "auto")]
    rate = (
        base["learning_rate" if hyper.beta is None else "dpo_learning_rate"] * hyper.learning_rate_multiplier
    )
    chosen = ", ".join(f"{name}={value:g}" for name, value in settled.items())
    why = f"; auto chose {', '.join(auto)}" if auto else ""
    # What a template makes of the examples is known only later: whoever prepares them tells then.
    steps = f"{hyper.steps(examples)} steps for {examples} examples as the file has them"
    return f"Hyperparameters: {chosen} (learning rate {rate:g}, {steps}{why})"
