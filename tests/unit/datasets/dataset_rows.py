"""Small rows for the dataset tests."""

from __future__ import annotations

from typing import Any


def chat(*said: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A chat row of (role, content) pairs."""
    return {"messages": [{"role": role, "content": content} for role, content in said], **more}


def good(number: int = 0) -> dict[str, Any]:
    """A row that nothing is wrong with."""
    return chat(("system", "Be brief."), ("user", f"Question {number}?"), ("assistant", f"Answer {number}."))
