"""What the checks of one row share: the list they add to, and how values are named in a message."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tuning.datasets.report import Finding
from tuning.datasets.rules import make_finding
from tuning.datasets.strict import shown

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
SPECIAL = re.compile(
    r"<\|(?:endoftext|endofprompt|fim_prefix|fim_middle|fim_suffix|im_start|im_end|im_sep)\|>"
)
SPECIAL_LIKE = re.compile(
    r"<\|(?:start|end|message|channel|constrain|return|call|startoftext|system|user|assistant|eot_id"
    r"|begin_of_text|end_of_text|start_header_id|end_header_id)\|>"
    r"|\[INST\]|<<SYS>>|<start_of_turn>"
)
_MARKUP = ("<|", "[INST]", "<<SYS>>", "<start_of_turn>")


class RowFindings:
    """Collects the findings of one row; `row` and `offset` are set once.

    With `counts`, findings of a code that was found `keep` times already are counted and not kept: a file of
    a million bad rows costs neither memory nor the time to word them.
    """

    def __init__(self, row: int, offset: int, counts: Counter[str] | None = None, keep: int = 0) -> None:
        self.row = row
        self.offset = offset
        self.found: list[Finding] = []
        self._counts = counts
        self._keep = keep

    def add(self, code: str, path: str, what: str, todo: str = "") -> None:
        """Note that `what` is wrong at `path`."""
        if self._counts is not None:
            self._counts[code] += 1
            if self._counts[code] > self._keep:
                return
        finding = make_finding(code, what, row=self.row, path=path, offset=self.offset, todo=todo)
        self.found.append(finding)

    def type_is(
        self, value: Any, wanted: type | tuple[type, ...], path: str, code: str = "data_type"
    ) -> bool:
        """Whether the value has this type; a finding if it hasn't. true and false aren't numbers here."""
        wanted_types = wanted if isinstance(wanted, tuple) else (wanted,)
        if isinstance(value, wanted_types) and not (isinstance(value, bool) and bool not in wanted_types):
            return True
        names = " or ".join(type_name(kind) for kind in wanted_types)
        self.add(code, path, f"This is {value_type(value)}, it has to be {names}")
        return False

    def text(self, value: str, path: str) -> None:
        """Look for special tokens in a text that will be learned or read."""
        if not has_markup(value):
            return
        if hit := SPECIAL.search(value):
            self.add("special_token", path, f"The text has the special token {hit[0]}")
        elif hit := SPECIAL_LIKE.search(value):
            self.add("special_token_like", path, f"The text has {hit[0]}, markup of a chat template")


def has_markup(text: str) -> bool:
    """Whether a text may hold a special token or one like it: a quick look."""
    return any(mark in text for mark in _MARKUP)


_NAMES: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}


def type_name(kind: type) -> str:
    """A type in JSON's words."""
    return _NAMES.get(kind, kind.__name__)


def value_type(value: Any) -> str:
    """The type of a value in JSON's words."""
    return next((name for kind, name in _NAMES.items() if type(value) is kind), _fallback(value))


def _fallback(value: Any) -> str:
    return next((name for kind, name in _NAMES.items() if isinstance(value, kind)), "something else")


def is_empty(content: Any) -> bool:
    """Whether a content says nothing: null, an empty string or an empty list."""
    return content is None or content in ("", [])


def quoted(value: object) -> str:
    """A short, safe quotation of a key, a role or an id."""
    return shown(value)
