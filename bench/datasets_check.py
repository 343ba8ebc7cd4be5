"""How fast is the check? Against the classic notebook's way and against counting tokens alone, in one run.

    .venv/bin/python bench/datasets_check.py [--megabytes 200] [--processes 2] [--rounds 3]

The file is made up from the standard library's own prose, always the same, and clean. Each contender runs in
a process of its own, which is timed from start to end; memory is the sum over all its processes, sampled. The
rounds take turns, and the best of each is kept. It needs the dev packages (tiktoken, bpe-openai, psutil).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
SYSTEM = "You are a careful assistant that explains software in plain words."
PROSE = re.compile(r"^[\s#]*([A-Z][A-Za-z ,;:'()/-]{40,}[.,;:a-z])\s*$", re.MULTILINE)

NOTEBOOK = """
import base64, gzip, json, sys
from collections import defaultdict
from importlib import resources
import tiktoken
sys.path.insert(0, sys.argv[2])
packed = resources.files("bpe_openai").joinpath("data", "o200k_base.tiktoken.gz").read_bytes()
pairs = (line.split() for line in gzip.decompress(packed).splitlines() if line)
ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
pattern = open(sys.argv[3]).read()
encoding = tiktoken.Encoding("o200k", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
with open(sys.argv[1], encoding="utf-8") as f:
    dataset = [json.loads(line) for line in f]
errors = defaultdict(int)
for ex in dataset:
    if not isinstance(ex, dict):
        errors["data_type"] += 1
        continue
    messages = ex.get("messages", None)
    if not messages:
        errors["missing_messages_list"] += 1
        continue
    for message in messages:
        if "role" not in message or "content" not in message:
            errors["message_missing_key"] += 1
        if any(k not in ("role", "content", "name", "function_call", "weight") for k in message):
            errors["message_unrecognized_key"] += 1
        if message.get("role", None) not in ("system", "user", "assistant", "function"):
            errors["unrecognized_role"] += 1
        content = message.get("content", None)
        if (not content and not message.get("function_call", None)) or not isinstance(content, str):
            errors["missing_content"] += 1
    if not any(message.get("role", None) == "assistant" for message in messages):
        errors["example_missing_assistant_message"] += 1
missing_system = missing_user = 0
n_messages, lengths, assistant = [], [], []
for ex in dataset:
    messages = ex["messages"]
    missing_system += not any(m["role"] == "system" for m in messages)
    missing_user += not any(m["role"] == "user" for m in messages)
    n_messages.append(len(messages))
    total = 3
    for m in messages:
        total += 3
        for key, value in m.items():
            total += len(encoding.encode(value, disallowed_special=()))
            if key == "name":
                total += 1
    lengths.append(total)
    said = [m["content"] for m in messages if m["role"] == "assistant"]
    assistant.append(sum(len(encoding.encode(text, disallowed_special=())) for text in said))
print(json.dumps({"rows": len(dataset), "tokens": sum(lengths), "errors": sum(errors.values())}))
"""

COUNT_ALONE = """
import sys
from multiprocessing import get_context
from tuning.datasets.fast import plain_row
from tuning.datasets.pool import STRETCH
from tuning.datasets.ranges import blocks, split
from tuning.datasets.tokens import count_texts
import json, os

def count(args):
    path, start, end = args
    file = os.open(path, os.O_RDONLY)
    rows = tokens = 0
    for block in blocks(file, start, end):
        texts = []
        for line in block.data.split(b"\\n"):
            if line:
                row = plain_row(line)
                rows += 1
                tokens += 3 + 4 * len(row.messages)
                texts += [m.content for m in row.messages]
        tokens += sum(count_texts(texts, "o200k_base"))
    os.close(file)
    return rows, tokens

if __name__ == "__main__":
    path, processes = sys.argv[1], int(sys.argv[2])
    jobs = [(path, start, end) for start, end in split(os.path.getsize(path), STRETCH)]
    with get_context("spawn").Pool(processes) as pool:
        done = pool.map(count, jobs, chunksize=1)
    print(json.dumps({"rows": sum(d[0] for d in done), "tokens": sum(d[1] for d in done), "errors": 0}))
"""

CHECK = """
import json, sys
from pathlib import Path
from tuning.datasets import check_file
if __name__ == "__main__":
    report = check_file(Path(sys.argv[1]), processes=int(sys.argv[2]))
    print(json.dumps({"rows": report.rows, "tokens": report.tokens.total, "errors": report.errors}))
"""

PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def prose() -> list[str]:
    """Lines of prose from the comments and docstrings of the standard library."""
    library = Path(sysconfig.get_path("stdlib"))
    found: list[str] = []
    for path in sorted(library.rglob("*.py")):
        if "site-packages" not in path.parts and "test" not in path.parts:
            found += PROSE.findall(path.read_text(encoding="utf-8", errors="replace"))
    return found


def make_file(path: Path, megabytes: int) -> None:
    """A clean chat file of this size, the same on every run of one Python version."""
    lines, chance, size = prose(), random.Random(20260101), 0
    with path.open("w", encoding="utf-8") as out:
        while size < megabytes * 1_000_000:
            messages = [{"role": "system", "content": SYSTEM}]
            for _ in range(chance.choice([1, 1, 2, 3])):
                asked, said = (chance.choices(lines, k=chance.randint(*span)) for span in ((1, 4), (2, 9)))
                messages += [
                    {"role": "user", "content": " ".join(asked)},
                    {"role": "assistant", "content": " ".join(said)},
                ]
            size += out.write(json.dumps({"messages": messages}) + "\n")


def run(command: list[str]) -> tuple[float, float, dict[str, int]]:
    """Seconds, peak megabytes of all processes together, and what was printed."""
    began, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, _memory(watched))
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        assert process.stdout is not None
        printed = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{command[1][:40]} failed")
    return seconds, peak / 1e6, json.loads(printed)


def _memory(parent: psutil.Process) -> int:
    total = 0
    try:
        family = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return 0
    for one in family:
        try:
            total += one.memory_info().rss
        except psutil.Error:
            continue
    return total


def main() -> None:
    """Make the file, let the contenders take turns, print the table and the ratios."""
    parser = argparse.ArgumentParser(description="Time the check of a big clean file.")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-notebook", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, count = Path(name), str(given.processes)
        path, pattern = folder / "chat.jsonl", folder / "pattern"
        make_file(path, given.megabytes)
        pattern.write_text(PATTERN)
        contenders = {"notebook": [NOTEBOOK, str(path), str(ROOT), str(pattern)]}
        if given.without_notebook:
            contenders = {}
        for label, script in (("count alone", COUNT_ALONE), ("check", CHECK)):
            program = folder / f"{label.split()[0]}.py"
            program.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}")
            contenders[label] = [str(program), str(path), count]
        _race(contenders, path.stat().st_size, given.rounds)


def _race(contenders: dict[str, list[str]], size: int, rounds: int) -> None:
    best: dict[str, tuple[float, float, dict[str, int]]] = {}
    for _ in range(rounds):
        for label, arguments in contenders.items():
            command = [sys.executable, *(["-c"] if label == "notebook" else []), *arguments]
            result = run(command)
            best[label] = min(best.get(label, result), result, key=lambda r: r[0])
    print(f"{size / 1e6:.0f} MB, best of {rounds}\n{'':14}{'s':>8}{'MB/s':>8}{'peak MB':>9}{'tokens':>14}")
    for label, (seconds, peak, told) in best.items():
        print(f"{label:14}{seconds:8.2f}{size / 1e6 / seconds:8.1f}{peak:9.0f}{told['tokens']:14,}")
    if len({told["tokens"] for _, _, told in best.values()}) > 1:
        raise SystemExit("The contenders disagree about the tokens.")
    check = best["check"][0]
    if "notebook" in best:
        print(f"check is {best['notebook'][0] / check:.1f} times as fast as the notebook's way")
    print(f"check takes {check / best['count alone'][0]:.2f} times as long as counting alone")


if __name__ == "__main__":
    main()
