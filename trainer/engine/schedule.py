"""How the learning rate goes over a job's steps: up from above nothing, then down in a straight line."""

from functools import partial
from typing import Any

from torch.optim.lr_scheduler import LambdaLR

WARMUP_STEPS = 10
WARMUP_SHARE = 10


def factor(step: int, steps: int) -> float:
    """What the learning rate is multiplied with at a step, counted from 0; no step learns nothing."""
    warmup = min(WARMUP_STEPS, steps // WARMUP_SHARE)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return max(0, steps - step) / (steps - warmup)


class Scheduled:
    """A trainer with this schedule; the one of its library begins at 0, and would waste a job of one step."""

    lr_scheduler: Any
    optimizer: Any

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Called by the library once it knows the number of steps."""
        if self.lr_scheduler is None:
            self.lr_scheduler = LambdaLR(
                optimizer or self.optimizer, partial(factor, steps=num_training_steps)
            )
        return self.lr_scheduler
