"""Big clean chat files, made up: the same on every run with the same Python and the same packages.

`varied` spreads its words as real text does: the standard library's prose gives the common words with their
frequencies, the tokenizer's vocabulary the rarer ones in its own order, and words composed of two or three
pieces the ones that no vocabulary knows. The chance of a word falls with its rank, faster beyond the
8,000th, as measured in large bodies of text (Ferrer i Cancho and Sole, 2001). There are paragraphs,
lists, code, numbers, and messages in other languages. `repetitive` repeats some 9,000 lines of prose
and no others, which a tokenizer soon knows by heart.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import resources
from itertools import accumulate, islice
from pathlib import Path

SYSTEM = "You are a careful assistant that explains software in plain words."
PROSE = re.compile(r"^[\s#]*([A-Z][A-Za-z ,;:'()/-]{40,}[.,;:a-z])\s*$", re.MULTILINE)
WORD_TYPES = 400_000
BEND = 8_000
DRAWN = 100_000


def prose() -> list[str]:
    """Lines of prose from the comments and docstrings of the standard library."""
    library = Path(sysconfig.get_path("stdlib"))
    found: list[str] = []
    for path in sorted(library.rglob("*.py")):
        if "site-packages" not in path.parts and "test" not in path.parts:
            found += PROSE.findall(path.read_text(encoding="utf-8", errors="replace"))
    return found


def vocabulary() -> Iterator[str]:
    """The tokens of o200k_base that are text, the most useful first."""
    packed = resources.files("bpe_openai").joinpath("data", "o200k_base.tiktoken.gz").read_bytes()
    for line in gzip.decompress(packed).splitlines():
        try:
            yield base64.b64decode(line.split()[0]).decode()
        except UnicodeDecodeError:
            continue


class Writer:
    """Writes messages of made-up text."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        tokens = list(vocabulary())
        pieces = [token for token in tokens if re.fullmatch(r"[a-z]{3,6}", token)]
        common = Counter(re.findall(r"[A-Za-z]+", " ".join(prose())))
        words = [word for word, _ in common.most_common(BEND)]
        known = set(words)
        words += [t[1:] for t in tokens if re.fullmatch(r" [A-Za-z][a-z]{2,}", t) and t[1:] not in known]
        while len(words) < WORD_TYPES:
            words.append("".join(chance.choices(pieces, k=chance.choice((2, 2, 3)))))
        weights = [1 / (rank + 2) if rank < BEND else BEND / rank**2 for rank in range(1, len(words) + 1)]
        self._words = self._draw(words, list(accumulate(weights)))
        foreign = [t[1:] for t in tokens if re.fullmatch(r" [a-z\u00c0-\u04ff]{2,}", t) and not t.isascii()]
        self._foreign = self._draw(foreign, list(accumulate(1 / rank for rank in range(1, len(foreign) + 1))))

    def _draw(self, words: list[str], weights: list[float]) -> Iterator[str]:
        while True:
            yield from self._chance.choices(words, cum_weights=weights, k=DRAWN)

    def message(self, length: int) -> str:
        """A message of about so many words."""
        words = self._foreign if self._chance.random() < 0.03 else self._words
        parts: list[str] = []
        while length > 0:
            kind, size = self._chance.random(), self._chance.randint(20, 90)
            part = self._code if kind < 0.08 else self._list if kind < 0.2 else self._paragraph
            parts.append(part(words, min(size, length + 4)))
            length -= size
        return "\n\n".join(parts)

    def _paragraph(self, words: Iterator[str], length: int) -> str:
        sentences = []
        while length > 0:
            size = self._chance.randint(4, 24)
            sentences.append(self._sentence(words, size))
            length -= size
        return " ".join(sentences)

    def _sentence(self, words: Iterator[str], length: int) -> str:
        chosen = list(islice(words, length))
        chosen[0] = chosen[0].capitalize()
        for _ in range(length // 9):
            place = self._chance.randrange(length - 1)
            chosen[place] += self._chance.choice((",", ",", ",", ";", " -", "'s", " (see below)"))
        if self._chance.random() < 0.12:
            number = self._chance.choice((self._chance.randint(2, 99), self._chance.randint(1950, 2030)))
            chosen.insert(self._chance.randrange(length), str(number))
        return " ".join(chosen) + self._chance.choice(("...", ".", ".", ".", ".", ".", "?", "!", ":"))

    def _list(self, words: Iterator[str], length: int) -> str:
        mark = self._chance.choice(("- ", "* ", "1. "))
        return "\n".join(mark + self._sentence(words, self._chance.randint(4, 9)) for _ in range(length // 6))

    def _code(self, words: Iterator[str], length: int) -> str:
        lines = ["```python"]
        for _ in range(length // 6):
            name, holder, method, given = (word.lower() for word in islice(words, 4))
            indent = "    " * self._chance.randint(0, 2)
            number = self._chance.randint(0, 64)
            lines.append(f'{indent}{name}_{given} = {holder}.{method}("{given}", {name} + {number})')
        return "\n".join([*lines, "```"])


def varied(chance: random.Random) -> Callable[[int, int], str]:
    """Writes a message of so many to so many sentences, of words spread as in real text."""
    writer = Writer(chance)
    return lambda least, most: writer.message(chance.randint(14 * least, 14 * most))


def repetitive(chance: random.Random) -> Callable[[int, int], str]:
    """Writes a message of so many to so many lines, always of the same few thousand."""
    lines = prose()
    return lambda least, most: " ".join(chance.choices(lines, k=chance.randint(least, most)))


KINDS = {"varied": varied, "repetitive": repetitive}


def make_file(path: Path, megabytes: int, kind: str = "varied") -> None:
    """A clean chat file of this size and kind."""
    chance, size = random.Random(20260101), 0
    write = KINDS[kind](chance)
    with path.open("wb") as out:
        while size < megabytes * 1_000_000:
            messages = [{"role": "system", "content": SYSTEM}]
            for _ in range(chance.choice([1, 1, 2, 3])):
                messages.append({"role": "user", "content": write(1, 4)})
                messages.append({"role": "assistant", "content": write(2, 9)})
            size += out.write(json.dumps({"messages": messages}, ensure_ascii=False).encode() + b"\n")
