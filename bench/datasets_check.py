"""How fast is the check? Against the classic notebook's way and against counting tokens alone, in one run.

    .venv/bin/python bench/datasets_check.py [--megabytes 200] [--processes 2] [--rounds 3] [--kind both]

Two made-up clean files (`chat_files.py`): one whose words are spread as in real text, and one that repeats a
few thousand lines, which the tokenizer counts four times as fast, so that everything else weighs more.

Every contender is a program of its own, timed from before its interpreter starts until it has ended: imports,
loading the tokenizer, reading, and taking its processes down are in all of the times, and nothing is warm but
the disk's cache, for all alike. The rounds take turns, and the best of each is kept. With it goes the
processor time of all its processes: on a machine that does other work too, that ratio says more. Memory is
the sum over the processes, sampled; what they share counts for each.

Counting alone is what one would write who wants the sum and nothing else: the same tokenizer and the same
parser with types as the check, half a megabyte at a time (a line at a time was slower), no garbage collection
over rows, the tokenizer loaded once and shared by as many processes. It keeps no count of a row, trusts every
row, and imports nothing of ours. It counts a prompt that all rows share as often as it stands; the check
counts it once. It needs the dev packages (tiktoken, bpe-openai, psutil).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil
from chat_files import KINDS, make_file

ROOT = Path(__file__).resolve().parents[1]

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
import gc, json, os, sys
from multiprocessing import Pool
import msgspec, toktok

class Message(msgspec.Struct, gc=False):
    role: str
    content: str

class Row(msgspec.Struct, gc=False):
    messages: list[Message]

def count(job):
    path, start, end = job
    rows = tokens = 0
    decode = msgspec.json.Decoder(Row).decode_lines
    with open(path, "rb") as file:
        if start:
            file.seek(start - 1)
            file.readline()
        while file.tell() < end:
            found = decode(file.read(min(1 << 19, end - file.tell())) + file.readline())
            texts = [message.content for row in found for message in row.messages]
            rows += len(found)
            tokens += 3 * len(found) + 4 * len(texts)
            tokens += sum(toktok.batch_count(texts, "o200k_base", threads=1))
    return rows, tokens

if __name__ == "__main__":
    path, processes, size, step = sys.argv[1], int(sys.argv[2]), os.path.getsize(sys.argv[1]), 4 << 20
    toktok.batch_count([""], "o200k_base", threads=1)
    gc.freeze()
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
    """Make the files, let the contenders take turns, print the table and the ratios."""
    parser = argparse.ArgumentParser(description="Time the check of a big clean file.")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--without-notebook", action="store_true")
    given = parser.parse_args()
    for kind in KINDS if given.kind == "both" else [given.kind]:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "chat.jsonl"
            make_file(path, given.megabytes, kind)
            contenders = _contenders(Path(name), path, given.processes)
            if given.without_notebook:
                del contenders["notebook"]
            print(f"{kind} text: ", end="")
            _race(contenders, path.stat().st_size, given.rounds)


def _contenders(folder: Path, path: Path, processes: int) -> dict[str, list[str]]:
    """Arguments of the interpreter for each contender."""
    pattern = folder / "pattern"
    pattern.write_text(PATTERN)
    found = {"notebook": ["-c", NOTEBOOK, str(path), str(ROOT), str(pattern)]}
    for label, script in (("count alone", COUNT_ALONE), ("check", CHECK)):
        program = folder / f"{label.split()[0]}.py"
        program.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}")
        found[label] = [str(program), str(path), str(processes)]
    return found


def _race(contenders: dict[str, list[str]], size: int, rounds: int) -> None:
    runs: dict[str, list[Result]] = {label: [] for label in contenders}
    for _ in range(rounds):
        for label, arguments in contenders.items():
            runs[label].append(run([sys.executable, *arguments]))
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
