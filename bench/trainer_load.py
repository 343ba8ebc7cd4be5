"""How the trainer bears many clients while it trains.

    python bench/trainer_load.py [CLIENTS] [UPLOADS] [MEGABYTES]

By default 200 clients poll a job once a second each, and 20 upload 50 MB, while that job trains. Quiet and
loaded stretches take turns, so that what else the machine does falls on both alike. Printed: the times of
the polls, over all and while the uploads ran; the server's largest memory and its processor time; the job's
steps a second, quiet and loaded, and its steps for each second of processor time that its process got.

The clients are two processes: the polls must not wait for what makes the uploads. In earnest they are on
other machines, so the one that makes the uploads takes only what the training leaves (nice 19; the training
has 10). The steps a second also fall by what it does take; those for a processor second, by what all do to
the caches.
"""

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp

from tests.fakes.trainer_process import TrainerProcess, descendants, headlines, running_trainer, until

CLIENTS, UPLOADS, MEGABYTES = (int(a) for a in [*sys.argv[1:], *("200", "20", "50")[len(sys.argv) - 1 :]][:3])
SECONDS = 12.0
ROUNDS = 3
TICKS = os.sysconf("SC_CLK_TCK")
Span = tuple[float, float]


async def poll(session: aiohttp.ClientSession, url: str, start: float, end: float, spans: list[Span]) -> None:
    """Ask for the job once a second; notes when each question began and ended."""
    await asyncio.sleep(start)
    while time.time() < end:
        began = time.time()
        async with session.get(url) as answer:
            await answer.read()
            assert answer.status == 200
        spans.append((began, time.time()))
        await asyncio.sleep(1)


async def polls(url: str, end: float) -> list[Span]:
    """All clients that poll; they begin spread over a second."""
    spans: list[Span] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(poll(session, url, i / CLIENTS, end, spans) for i in range(CLIENTS)))
    return spans


async def upload(session: aiohttp.ClientSession, url: str) -> Span:
    """Send one large file."""

    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(MEGABYTES * 4):
            yield b"x" * 2**18

    form = aiohttp.FormData()
    form.add_field("purpose", "fine-tune")
    form.add_field("file", pieces(), filename="large.jsonl")
    began = time.time()
    async with session.post(url, data=form) as answer:
        assert answer.status == 200, await answer.text()
    return began, time.time()


async def uploads(url: str, end: float) -> list[Span]:
    """All clients that upload, at the same time."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        return await asyncio.gather(*(upload(session, url) for _ in range(UPLOADS)))


def client(kind: str, url: str, end: float, results: "multiprocessing.Queue[list[Span]]") -> None:
    """One process full of clients."""
    if kind == "uploads":
        os.nice(19)
    results.put(asyncio.run({"polls": polls, "uploads": uploads}[kind](url, end)))


def processor_seconds(pid: int) -> float:
    """What a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(trainer: TrainerProcess) -> float:
    """The server's largest resident size in megabytes."""
    assert trainer.process is not None
    status = Path(f"/proc/{trainer.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class Training:
    """Follows the job by its journal: when each metrics record came, and the processor time used by then."""

    def __init__(self, trainer: TrainerProcess, job: str) -> None:
        assert trainer.process is not None
        self.server = trainer.process.pid
        self.journal = trainer.home / "jobs" / job / "journal.jsonl"
        self.seen: list[tuple[float, int, float]] = []
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        until(self.journal.exists, 60)
        with self.journal.open() as file:
            while True:
                line = file.readline()
                if not line.endswith("\n"):
                    time.sleep(0.02)
                    continue
                record = json.loads(line)
                if record["kind"] == "metrics":
                    self.seen.append((time.time(), record["data"]["step"], self._used()))

    def _used(self) -> float:
        """Processor seconds of the busiest process below the server: that is the one that trains."""
        return max(processor_seconds(pid) for pid in descendants(self.server))

    def pace(self, began: float, ended: float) -> tuple[int, float, float]:
        """Steps, seconds and processor seconds between the first and the last record of a stretch."""
        within = [record for record in self.seen if began <= record[0] <= ended]
        (t0, first, used0), (t1, last, used1) = within[0], within[-1]
        return last - first, t1 - t0, used1 - used0


@dataclass
class Stretch:
    """What one stretch of time was like."""

    began: float
    ended: float
    polls: list[Span]
    uploads: list[Span]


def stretch(trainer: TrainerProcess, job: str, *, loaded: bool) -> Stretch:
    """Some seconds without clients or with all of them; longer if the uploads take longer."""
    began = time.time()
    found: dict[str, list[Span]] = {"polls": [], "uploads": []}
    if not loaded:
        time.sleep(SECONDS)
        return Stretch(began, time.time(), **found)
    context = multiprocessing.get_context("spawn")
    urls = {"polls": f"{trainer.url}/fine_tuning/jobs/{job}", "uploads": f"{trainer.url}/files"}
    queues = {kind: context.Queue() for kind in urls}
    for kind, url in urls.items():
        context.Process(target=client, args=(kind, url, began + SECONDS, queues[kind])).start()
    found = {kind: queue.get(timeout=120) for kind, queue in queues.items()}
    return Stretch(began, time.time(), **found)


def percentiles(spans: list[Span]) -> str:
    """Median, 99th percentile and worst, in milliseconds."""
    times = sorted(end - began for began, end in spans)
    picked = (times[len(times) // 2], times[len(times) * 99 // 100], times[-1])
    return "median {:.0f} ms, 99th percentile {:.0f} ms, worst {:.0f} ms".format(*(t * 1000 for t in picked))


def report(training: Training, quiet: list[Stretch], loaded: list[Stretch]) -> None:
    """Print the polls and the paces."""
    everything = [span for part in loaded for span in part.polls]
    busy = [
        span
        for part in loaded
        for span in part.polls
        if span[1] > min(u[0] for u in part.uploads) and span[0] < max(u[1] for u in part.uploads)
    ]
    print(f"{len(everything)} polls: {percentiles(everything)}")
    print(f"{len(busy)} of them while the uploads ran: {percentiles(busy)}")
    slowest = max(end - began for part in loaded for began, end in part.uploads)
    print(f"slowest upload of {MEGABYTES} MB: {slowest:.1f} s")
    for name, parts in (("quiet", quiet), ("loaded", loaded)):
        steps, seconds, used = map(sum, zip(*(training.pace(p.began, p.ended) for p in parts), strict=True))
        print(f"{name}: {steps / seconds:.2f} steps/s, {steps / used:.2f} steps for a processor second")


def main() -> None:
    """Start a long job, then quiet and loaded stretches in turn."""
    with tempfile.TemporaryDirectory() as folder, running_trainer(Path(folder) / "home") as trainer:
        client = trainer.client()
        file = client.files.create(file=("rows.jsonl", headlines(600)), purpose="fine-tune").id
        options = {"n_epochs": 50, "batch_size": 8}
        job = client.fine_tuning.jobs.create(
            model="tiny-chat", training_file=file, hyperparameters=options
        ).id
        training = Training(trainer, job)
        until(lambda: len(training.seen) >= 2, 120)
        assert trainer.process is not None
        before, quiet, loaded = processor_seconds(trainer.process.pid), [], []
        for _ in range(ROUNDS):
            quiet.append(stretch(trainer, job, loaded=False))
            loaded.append(stretch(trainer, job, loaded=True))
        report(training, quiet, loaded)
        used = processor_seconds(trainer.process.pid) - before
        print(f"server: {memory(trainer):.0f} MB at most, {used:.1f} s of processor time")
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        client.fine_tuning.jobs.cancel(job)


if __name__ == "__main__":
    main()
