"""The words in which a job's life is told; they are OpenAI's where OpenAI has them."""

from typing import Any

from trainer import ids
from trainer.store import Event, Store


def tell(store: Store, job_id: str, message: str, *, level: str = "info", data: Any = None) -> None:
    """Add a message to a job's events."""
    kind = "message" if data is None else "metrics"
    event = Event(ids.new("ftevent-"), ids.now(), level, kind, message, {} if data is None else data)
    store.add_event(job_id, event)


def metrics_message(data: dict[str, Any]) -> str:
    """Step 10/150: training loss=0.63, validation loss=0.71"""
    message = f"Step {data['step']}/{data['total_steps']}: training loss={data['train_loss']:.2f}"
    for key, words in (("valid_loss", "validation loss"), ("full_valid_loss", "full validation loss")):
        if key in data:
            message += f", {words}={data[key]:.2f}"
    return message
