"""What the server must not forget: one SQLite database and the bytes of the files beside it."""

from trainer.store.database import Store
from trainer.store.records import Checkpoint, Delivery, Event, File, Job, Key, Model, Part, Upload

__all__ = ["Checkpoint", "Delivery", "Event", "File", "Job", "Key", "Model", "Part", "Store", "Upload"]
