"""Words around a file that somebody asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tuning.downloads import What
from views.blocks import notice
from views.rendered import Rendered
from views.text import code

_WORDS: dict[str, Callable[[str], str]] = {
    What.rows: lambda of: f"📄 The rows of {of}, as JSONL. Drop a corrected copy into its card's thread.",
    What.original: lambda of: f"📎 The file that {of} was made of, as it was dropped.",
    What.row: lambda of: f"📄 {of}, as it was dropped.",
    What.histogram: lambda of: f"📊 How long the examples of {of} are.",
}


def asked_notice(payload: Mapping[str, Any]) -> Rendered:
    """The message under which a file goes to whoever asked for it."""
    return notice(_WORDS[payload["what"]](code(payload["of"], 90)))


def file_comment(payload: Mapping[str, Any]) -> str:
    """What stands above the file itself."""
    if payload["what"] == What.histogram:
        return _WORDS[What.histogram](code(payload["of"], 90))
    return code(payload["filename"], 120)


def on_its_way(what: What, *, directly: bool) -> Rendered:
    """What a press answers at once."""
    if directly:
        return notice("📬 On its way to you, in a direct message.")
    return notice("📊 The picture goes into the thread of this card.")
