"""The loss and accuracy on the whole validation file as means over its tokens, whatever the batches."""

from typing import Any

import torch
from trl.trainer.sft_trainer import SFTTrainer

from trainer.engine.encoding import IGNORED

ACCURACY = "mean_token_accuracy"


class TokenMeans(SFTTrainer):
    """TRL's trainer with an evaluation that counts tokens; its own takes the mean of the batches' means."""

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        """Sum up over the batches and processes what prediction_step saw."""
        self._sums = torch.zeros(3, dtype=torch.float64)
        output: Any = super().evaluation_loop(*args, **kwargs)
        loss, right, tokens = self.accelerator.reduce(self._sums.to(self.args.device)).tolist()
        if tokens:
            prefix = kwargs.get("metric_key_prefix", "eval")
            output.metrics[f"{prefix}_loss"] = loss / tokens
            self._metrics["eval"][ACCURACY] = [right / tokens]
        return output

    def prediction_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """One batch, its means weighed by its tokens."""
        made = super().prediction_step(model, inputs, *args, **kwargs)
        tokens = int((inputs["labels"][:, 1:] != IGNORED).sum())
        right = self._metrics["eval"][ACCURACY][-1]
        self._sums += torch.tensor([float(made[0]) * tokens, right * tokens, tokens], dtype=torch.float64)
        return made
