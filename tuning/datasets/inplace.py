"""Puts placeholders for what is private into a text of JSON, and leaves every other character as it is.

Numbers keep their digits, keys that stand twice stay twice, and spaces stay where they are. A string that
holds JSON itself, as the arguments of a call do, stays JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from tuning.datasets.hits import CODES, Hit
from tuning.datasets.private import find, find_in, replaced

_TOKEN = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|([{\[])|([}\]])|([^\s{}\[\],:"]+)', re.DOTALL)
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}")


def redact_json(text: str, codes: Collection[str] = CODES) -> tuple[str, list[str]]:
    """A valid text of JSON with placeholders in its texts and keys, and the codes of what was replaced."""
    work = _Pass(codes, numbers=False)
    return work.over(text), work.done


@dataclass
class _Pass:
    """One pass over a text; numbers count only in JSON inside of a string, which is searched as text."""

    codes: Collection[str]
    numbers: bool
    done: list[str] = field(default_factory=list)
    _key: str = ""
    _outer: list[tuple[str, set[str]]] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _taken: frozenset[str] = frozenset()
    """All keys of the text, which no new name may be."""

    def over(self, text: str) -> str:
        """The text, its tokens replaced one by one."""
        keys = (found[1] for found in _TOKEN.finditer(text) if found[2])
        self._taken = frozenset(json.loads(key, strict=False) for key in keys)
        pieces, end = [], 0
        for token in _TOKEN.finditer(text):
            new = self._token(token)
            if new is not None:
                pieces += [text[end : token.start()], new]
                end = token.end()
        return "".join([*pieces, text[end:]])

    def _token(self, token: re.Match[str]) -> str | None:
        """What stands in its place, or None if it stays."""
        string, colon, opens, closes, other = token.groups()
        if opens:
            self._outer.append((self._key, self._names))
            self._names = set()
        elif closes:
            self._key, self._names = self._outer.pop()
        elif string and colon:
            return self._named(string, colon)
        elif string:
            before = json.loads(string, strict=False)
            after = self._text(before)
            return None if after == before else _written(after, string)
        elif self.numbers and (found := self._replace(other, find(other))) != other:
            return json.dumps(found)
        return None

    def _named(self, string: str, colon: str) -> str | None:
        self._key = before = json.loads(string, strict=False)
        after = name = self._replace(before, find(before))
        number = 1
        while after != before and name in self._names | self._taken:
            number += 1
            name = f"{after} {number}"
        self._names.add(name)
        return None if after == before else _written(name, string) + colon

    def _text(self, text: str) -> str:
        if _holds_json(text):
            inside = _Pass(self.codes, numbers=True, _key=self._key)
            text = inside.over(text)
            self.done += inside.done
        return self._replace(text, find_in(self._key, text))

    def _replace(self, text: str, hits: list[Hit]) -> str:
        text, done = replaced(text, hits, self.codes)
        self.done += done
        return text


def _holds_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _written(text: str, before: str) -> str:
    """A string of JSON, with escapes beyond ASCII if it had them before."""
    return json.dumps(text, ensure_ascii=bool(_ESCAPE.search(before)))
