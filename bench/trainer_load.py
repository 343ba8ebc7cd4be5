"""How the trainer bears many clients while it trains.

    python bench/trainer_load.py [CLIENTS] [UPLOADS] [MEGABYTES]

By default 200 clients poll a job once a second each, and 20 upload 50 MB, while that job trains. Printed: the
times of the polls, the server's largest memory, and the job's steps a second before and during the load.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp

from tests.fakes.trainer_process import TrainerProcess, headlines, running_trainer, until

CLIENTS, UPLOADS, MEGABYTES = (int(a) for a in [*sys.argv[1:], "200", "20", "50"][:3])
SECONDS = 12


async def poll(session: aiohttp.ClientSession, url: str, end: float, times: list[float]) -> None:
    """Ask for the job once a second."""
    while time.perf_counter() < end:
        began = time.perf_counter()
        async with session.get(url) as answer:
            await answer.read()
            assert answer.status == 200
        times.append(time.perf_counter() - began)
        await asyncio.sleep(1)


async def upload(session: aiohttp.ClientSession, url: str) -> None:
    """Send one large file."""

    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(MEGABYTES):
            yield b"x" * 2**20

    form = aiohttp.FormData()
    form.add_field("purpose", "fine-tune")
    form.add_field("file", pieces(), filename="large.jsonl")
    async with session.post(f"{url}/files", data=form) as answer:
        assert answer.status == 200, await answer.text()


def memory(trainer: TrainerProcess) -> float:
    """The server's largest resident size in megabytes."""
    assert trainer.process is not None
    status = Path(f"/proc/{trainer.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def step(trainer: TrainerProcess, job: str) -> int:
    """The job's last step."""
    events = trainer.client().fine_tuning.jobs.list_events(job, limit=1).data
    return int(events[0].data["step"]) if events and events[0].type == "metrics" else 0


async def pace(trainer: TrainerProcess, job: str, seconds: float) -> float:
    """Steps a second over a while."""
    first, began = await asyncio.to_thread(step, trainer, job), time.perf_counter()
    await asyncio.sleep(seconds)
    return (await asyncio.to_thread(step, trainer, job) - first) / (time.perf_counter() - began)


async def main() -> None:
    """Start a long job, then the load."""
    with tempfile.TemporaryDirectory() as folder, running_trainer(Path(folder) / "home") as trainer:
        client = trainer.client()
        file = client.files.create(file=("rows.jsonl", headlines(400)), purpose="fine-tune").id
        options = {"n_epochs": 50, "batch_size": 8}
        job = client.fine_tuning.jobs.create(
            model="tiny-chat", training_file=file, hyperparameters=options
        ).id
        await asyncio.to_thread(until, lambda: step(trainer, job) >= 5, 60)
        calm = await pace(trainer, job, SECONDS)
        times: list[float] = []
        end = time.perf_counter() + SECONDS
        limit = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=limit) as session:
            url = f"{trainer.url}/fine_tuning/jobs/{job}"
            polls = [poll(session, url, end, times) for _ in range(CLIENTS)]
            uploads = [upload(session, trainer.url) for _ in range(UPLOADS)]
            loaded, *_ = await asyncio.gather(pace(trainer, job, SECONDS), *polls, *uploads)
        times.sort()
        print(f"{len(times)} polls: median {times[len(times) // 2] * 1000:.0f} ms, ", end="")
        print(
            f"99th percentile {times[len(times) * 99 // 100] * 1000:.0f} ms, worst {times[-1] * 1000:.0f} ms"
        )
        print(f"server {memory(trainer):.0f} MB; {calm:.1f} steps/s before, {loaded:.1f} during")


if __name__ == "__main__":
    asyncio.run(main())
