"""Throws mutated rows and files at the checker: whatever comes, the answer is a report, soon and in bounds.

    .venv/bin/python bench/datasets_fuzz.py --rows 100000 --files 1000 --seed 1

Rows are good ones of every format with values replaced, removed, doubled, renamed or torn; files are good
ones with bytes flipped, cut, doubled or spliced, and packed or encoded in another way before or after. It
ends with an error at the first exception, at a file that takes longer than the limit, or when memory grows
too much.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import io
import json
import random
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tuning.datasets import CannotRead, Report, check_file
from tuning.datasets.rules import RULES
from tuning.datasets.text import render

ROWS_A_FILE = 100
LIMIT_SECONDS = 20
MOST_MEMORY = 600
"""Megabytes: half of it are the libraries and the tokenizer."""
TOOL = {
    "type": "function",
    "function": {
        "name": "look",
        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    },
}
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAC0lEQVR4nGNgQAYAAA4AAamRc7EAAAAA"
    "SUVORK5CYII="
)
ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        0.5,
        1e400,
        float("nan"),
        10**400,
        "",
        " ",
        "\x00",
        "\ud800",
        "\u202e",
        "é" * 50,
    ),
    *(
        [],
        {},
        [[]],
        {"": ""},
        "user",
        "assistant",
        "tool",
        "<|endoftext|>",
        "data:image/png;base64,",
        "{}",
        "[1",
    ),
    *(
        "x" * 5000,
        "a@b.example.co",
        "+49 30 901820",
        {"$ref": "#"},
        {"type": ["string", 5]},
        "null",
        "\ufeff",
        "𝔘",
    ),
]


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    """One message."""
    return {"role": role, "content": content, **more}


def good_rows() -> list[dict[str, Any]]:
    """A row of each format and feature that nothing is wrong with."""
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"n": 1}'}}
    old = {"name": "look", "arguments": '{"n": 1}'}
    start = [said("system", "Be brief."), said("user", "How many are there in all?")]
    picture = {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}}
    output = {
        "preferred_output": [said("assistant", "Good.")],
        "non_preferred_output": [said("assistant", "Bad.")],
    }
    return [
        {"messages": [*start, said("assistant", "There are twelve of them.")]},
        {
            "messages": [
                *start,
                said("assistant", "No.", weight=0),
                said("user", "So?"),
                said("assistant", "12."),
            ]
        },
        {"messages": [*start, said("assistant", None, tool_calls=[call])], "tools": [TOOL]},
        {
            "messages": [
                *start,
                said("assistant", None, tool_calls=[call]),
                said("tool", "12", tool_call_id="c1"),
                said("assistant", "12."),
            ],
            "tools": [TOOL],
            "parallel_tool_calls": False,
        },
        {
            "messages": [
                *start,
                said("assistant", None, function_call=old),
                said("function", "12", name="look"),
                said("assistant", "12."),
            ],
            "functions": [TOOL["function"]],
        },
        {
            "messages": [
                said("user", [{"type": "text", "text": "What is it?"}, picture]),
                said("assistant", "Grey."),
            ]
        },
        {"input": {"messages": start, "tools": [TOOL], "parallel_tool_calls": True}, **output},
        {"messages": start, "reference": {"count": 12}, "tools": [TOOL]},
        {"messages": [*start, {"role": "assistant", "refusal": "I can't say."}]},
        {"prompt": "How many?", "completion": "Twelve."},
    ]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a value."""
    found: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        holder = stack.pop()
        keys = (
            list(holder)
            if isinstance(holder, dict)
            else range(len(holder))
            if isinstance(holder, list)
            else ()
        )
        for key in keys:
            found.append((holder, key))
            stack.append(holder[key])
    return found


def mutate(chance: random.Random, row: Any) -> None:
    """Change one value of a row in one of several ways."""
    spots = places(row)
    if not spots:
        return
    holder, key = chance.choice(spots)
    how = chance.randrange(6)
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif how == 2 and isinstance(holder, dict):
        holder[chance.choice(["content", "role", "x", "", "tool_calls", "weight", "name", "\ud800"])] = (
            holder.pop(key)
        )
    elif how == 3:
        other, place = chance.choice(spots)
        holder[key] = copy.deepcopy(other[place])
    elif how == 4:
        nested: Any = holder[key]
        for _ in range(chance.choice([1, 3, 150])):
            nested = [nested]
        holder[key] = nested
    else:
        holder[key] = copy.deepcopy(chance.choice(ODD))


def tear(chance: random.Random, line: bytes) -> bytes:
    """Change some bytes of a line."""
    start, end = sorted(chance.randrange(len(line) + 1) for _ in range(2))
    how = chance.randrange(5)
    if how == 0:
        return line[:start]
    if how == 1:
        return line[:start] + chance.randbytes(chance.randrange(1, 4)) + line[start + 1 :]
    if how == 2:
        return line[:start] + line[end:]
    if how == 3:
        return line + line[start:end]
    return line[:end] + line[start:]


def mutated_line(chance: random.Random, rows: list[dict[str, Any]]) -> bytes:
    """A good row after a few changes, perhaps torn."""
    row: Any = copy.deepcopy(chance.choice(rows))
    for _ in range(chance.randrange(4)):
        mutate(chance, row)
    line = json.dumps(row, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    return tear(chance, line) if chance.random() < 0.2 else line


def zipped(data: bytes) -> bytes:
    """The data as the one file of a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", data)
    return out.getvalue()


def utf16(data: bytes) -> bytes:
    """The text in UTF-16."""
    return data.decode("utf-8", "replace").encode("utf-16")


WRAPS: list[Callable[[bytes], bytes]] = [
    *(lambda data: data, gzip.compress, zipped, utf16, lambda data: gzip.compress(utf16(data))),
    *(lambda data: b"\xef\xbb\xbf" + data, lambda data: data.replace(b"\n", b"\r\n"), lambda data: data[:-1]),
    *(lambda data: data.replace(b"\n", b"\r"), lambda data: b"[" + data.replace(b"\n", b",\n") + b"]"),
]


def mutated_file(chance: random.Random, rows: list[dict[str, Any]]) -> bytes:
    """A file of good rows, wrapped, with some of its bytes changed before or after."""
    row = chance.choice(rows)
    data = b"".join(json.dumps(row | {"n": n}).encode() + b"\n" for n in range(chance.randrange(1, 80)))
    wrap = chance.choice(WRAPS)
    data = tear(chance, data) if chance.random() < 0.5 else data
    data = wrap(data)
    for _ in range(chance.randrange(3)):
        data = tear(chance, data)
    return data


class Seen:
    """What came of it."""

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.rows = self.files = self.refused = 0
        self.slowest = 0.0

    def add(self, report: Report | None, seconds: float) -> None:
        """Count one file."""
        self.files += 1
        self.slowest = max(self.slowest, seconds)
        if report is None:
            self.refused += 1
            return
        self.rows += report.rows
        self.formats[report.format] += 1
        self.codes.update(report.codes)


def check(path: Path, seen: Seen, **options: Any) -> None:
    """Check one file under the limit, and that its report keeps what the documentation promises."""
    began = time.perf_counter()
    signal.alarm(LIMIT_SECONDS)
    try:
        report: Report | None = check_file(path, **options)
    except CannotRead:
        report = None
    finally:
        signal.alarm(0)
    if report is not None:
        assert Report.from_json(report.to_json()) == report
        assert set(report.codes) <= set(RULES)
        assert report.errors + report.warnings == sum(report.codes.values())
        assert report.ok == (report.errors == 0)
        assert render(report, path.name)
    seen.add(report, time.perf_counter() - began)


def run(rows: int, files: int, seed: int, folder: Path) -> tuple[Seen, Seen]:
    """Everything; what came of the rows and of the files."""
    chance, kinds = random.Random(seed), good_rows()
    by_row, by_file = Seen(), Seen()
    path = folder / "fuzz.jsonl"
    training = folder / "train.jsonl"
    training.write_bytes(b"".join(json.dumps(kinds[0] | {"n": n}).encode() + b"\n" for n in range(50)))
    for _ in range(0, rows, ROWS_A_FILE):
        own = kinds if chance.random() < 0.3 else [chance.choice(kinds)]
        lines = [mutated_line(chance, own).replace(b"\n", b" ") for _ in range(ROWS_A_FILE)]
        path.write_bytes(b"\n".join(lines))
        method = chance.choice([None, None, "supervised", "dpo", "reinforcement"])
        check(path, by_row, method=method, against=training if chance.random() < 0.2 else None)
    for _ in range(files):
        path.write_bytes(mutated_file(chance, kinds))
        check(path, by_file)
    return by_row, by_file


def told(name: str, seen: Seen) -> None:
    """Print what came of it."""
    formats = ", ".join(f"{kind} {times:,}" for kind, times in seen.formats.most_common())
    print(f"{name}: {seen.files:,} files with {seen.rows:,} rows ({formats}; {seen.refused} refused)")
    print(f"  {sum(seen.codes.values()):,} findings of {len(seen.codes)} codes; slowest {seen.slowest:.2f} s")
    print("  " + ", ".join(f"{code} {times:,}" for code, times in seen.codes.most_common(12)))


def too_long(number: int, frame: object) -> None:
    """The alarm: a check that hangs."""
    raise TimeoutError(f"a check took longer than {LIMIT_SECONDS} s")


def main() -> int:
    """Read the arguments, run, and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    signal.signal(signal.SIGALRM, too_long)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="ft-bot-fuzz-") as folder:
        by_row, by_file = run(given.rows, given.files, given.seed, Path(folder))
    told("mutated rows", by_row)
    told("mutated files", by_file)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"no exception, no hang; peak memory {megabytes:.0f} MB; {time.perf_counter() - began:.0f} s")
    return 0 if megabytes <= MOST_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
