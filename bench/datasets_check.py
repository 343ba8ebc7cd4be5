"""How fast is the check? Against the classic notebook's way and against counting tokens alone, in one run.

    .venv/bin/python bench/datasets_check.py [--megabytes 200] [--processes 2] [--rounds 3]

The file is made up from the standard library's own prose, always the same, and clean. Each contender runs in
a process of its own, which is timed from start to end, with the processor time of all its processes (on a
machine that does other work as well, their ratio says more); memory is the sum over them, sampled. The rounds
take turns, and the best of each is kept. Counting alone uses nothing of ours: the same tokenizer, a typed
parser, a pool of as many processes, and no imports but those. It needs the dev packages (tiktoken,
bpe-openai, psutil).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

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
import json, os, sys
from multiprocessing import Pool
import msgspec, toktok

class Message(msgspec.Struct):
    role: str
    content: str

class Row(msgspec.Struct):
    messages: list[Message]

def count(args):
    path, start, end = args
    decode = msgspec.json.Decoder(Row).decode
    rows = tokens = 0
    with open(path, "rb") as file:
        if start:
            file.seek(start - 1)
            file.readline()
        while file.tell() < end:
            texts = []
            for line in file.readlines(min(1 << 20, end - file.tell())):
                row = decode(line)
                rows += 1
                tokens += 3 + 4 * len(row.messages)
                texts += [message.content for message in row.messages]
            tokens += sum(toktok.batch_count(texts, "o200k_base", threads=1))
    return rows, tokens

if __name__ == "__main__":
    path, processes, size, step = sys.argv[1], int(sys.argv[2]), os.path.getsize(sys.argv[1]), 4 << 20
    jobs = [(path, start, min(start + step, size)) for start in range(0, size, step)]
    with Pool(processes) as pool:
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


class Result(NamedTuple):
    """Seconds, processor seconds and peak megabytes of all processes of one run, and what it printed."""

    seconds: float
    processor: float
    peak: float
    told: dict[str, int]


def run(command: list[str]) -> Result:
    """Run a contender from its start to its end."""
    began, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        watched = psutil.Process(process.pid)
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            peak = max(peak, _memory(watched))
            time.sleep(0.05)
        seconds = time.perf_counter() - began
        process.returncode = ended[1]
        assert process.stdout is not None
        printed = process.stdout.read()
    if ended[1]:
        raise SystemExit(f"{command[1][:40]} failed")
    return Result(seconds, ended[2].ru_utime + ended[2].ru_stime, peak / 1e6, json.loads(printed))


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
    runs: dict[str, list[Result]] = {label: [] for label in contenders}
    for _ in range(rounds):
        for label, arguments in contenders.items():
            command = [sys.executable, *(["-c"] if label == "notebook" else []), *arguments]
            runs[label].append(run(command))
    load = os.getloadavg()[0]
    print(f"{size / 1e6:.0f} MB, best of {rounds}, load {load:.1f}")
    print(f"{'':14}{'s':>8}{'processor s':>13}{'MB/s':>8}{'peak MB':>9}{'tokens':>14}")
    best = {label: _best(results) for label, results in runs.items()}
    for label, (seconds, processor, peak, told) in best.items():
        speed = size / 1e6 / seconds
        print(f"{label:14}{seconds:8.2f}{processor:13.2f}{speed:8.1f}{peak:9.0f}{told['tokens']:14,}")
    if len({result.told["tokens"] for result in best.values()}) > 1:
        raise SystemExit("The contenders disagree about the tokens.")
    check = best["check"]
    if "notebook" in best:
        print(f"check is {best['notebook'].seconds / check.seconds:.1f} times as fast as the notebook's way")
    alone = best["count alone"]
    ratios = f"{check.seconds / alone.seconds:.2f} times as long as counting alone"
    print(f"check takes {ratios}, {check.processor / alone.processor:.2f} times its processor time")


def _best(results: list[Result]) -> Result:
    """The least time of each kind, and the most memory."""
    seconds, processor, peaks, told = zip(*results, strict=True)
    return Result(min(seconds), min(processor), max(peaks), told[0])


if __name__ == "__main__":
    main()
