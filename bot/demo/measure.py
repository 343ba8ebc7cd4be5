"""The share of held-out headlines that a model gets right, asked over the backend's own API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI


async def share_right(client: AsyncOpenAI, model: str, heldout: Path) -> tuple[int, int]:
    """(right, all) over a chat file whose last message is the label."""
    rows = _rows(heldout)
    right = 0
    for messages in rows:
        answer = await client.chat.completions.create(
            model=model, messages=messages[:-1], temperature=0, max_tokens=8
        )
        said = (answer.choices[0].message.content or "").strip()
        right += said == messages[-1]["content"].strip()
    return right, len(rows)


def _rows(path: Path) -> list[list[Any]]:
    """The messages of each example."""
    return [json.loads(line)["messages"] for line in path.read_text().splitlines() if line.strip()]
