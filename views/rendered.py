"""What a view returns: blocks for clients that can show them, and text for those that can't.

`text` is also the notification, and what is left when Slack refuses the blocks, so it must
say what matters by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: A block, an element or a whole view, as Slack's JSON has it.
Block = dict[str, Any]

MAX_TEXT = 3000
MAX_BLOCKS = 50


@dataclass(frozen=True)
class Rendered:
    """A message: `text` is mrkdwn of at most 3,000 characters, `blocks` are at most 50."""

    text: str
    blocks: list[Block] = field(default_factory=list)
