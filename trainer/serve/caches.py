"""What a model remembers of its answers, so kept that answers of different lengths lie beside each other."""

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DummyLayer, DynamicLayer, DynamicSlidingWindowLayer

JOINABLE = (DynamicLayer, DummyLayer)


def cache_for(model: Any) -> Any:
    """An empty cache that keeps every key, also of layers that look through a window.

    The model's mask still closes the window. A layer that forgets what lies behind it would count the padding
    of a short neighbour into it.
    """
    cache = DynamicCache(config=model.config)
    whole: Any = DynamicLayer
    cache.layers = [whole() if type(layer) is DynamicSlidingWindowLayer else layer for layer in cache.layers]
    return cache


def can_join(cache: Any) -> bool:
    """Whether answers can join: other kinds of state, as of linear attention, know no padding."""
    return all(type(layer) in JOINABLE for layer in cache.layers)


def join(ours: Any, theirs: Any, longest: int) -> None:
    """Lay their rows below ours, all padded on the left."""
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        # A layer that uses another one's keys has none.
        if mine.keys is not None:
            mine.keys = torch.cat([_padded(mine.keys, longest), _padded(other.keys, longest)])
            mine.values = torch.cat([_padded(mine.values, longest), _padded(other.values, longest)])


def _padded(states: torch.Tensor, longest: int) -> torch.Tensor:
    return torch.nn.functional.pad(states, (0, 0, longest - states.shape[2], 0))
