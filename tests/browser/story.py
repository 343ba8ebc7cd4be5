"""The bot's main job as a person plays it on the sandbox's page: the real bot, a backend moved by hand.

The test and the pictures share these steps, so that a picture shows what the test has seen.
"""

import asyncio
import contextlib
import json
import math
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.fakes.stage import ROOT, Stage, open_stage

FINE_TUNING = "C0FINETUNE"
BASE = "gpt-4.1-mini"
NEWS = (ROOT / "examples" / "news_train.jsonl").read_bytes()
#: Steps of the training that the backend plays.
STEPS = 40
DROP = """([name, text]) => { const data = new DataTransfer();
data.items.add(new File([text], name)); return data; }"""


@asynccontextmanager
async def performance(folder: Path) -> AsyncIterator[Stage]:
    """The bot at work: its passes are made again and again, as the schedule makes them."""
    async with open_stage(folder) as stage:
        stage.backend.steps = STEPS
        stage.backend._name = model_name
        stage.backend.answer = "**Sports**: a striker, a cup and a late goal.\n\n1. Sports\n2. World"

        async def passes() -> None:
            while True:
                await stage.settle(1)
                await asyncio.sleep(0.05)

        work = asyncio.create_task(passes())
        try:
            yield stage
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work


def model_name(job: Any) -> str:
    """As OpenAI makes it: the base, the organization, the suffix and an id."""
    return (
        f"ft:{job.body['model']}:newsroom:{job.request.get('suffix') or ''}:{job.id.removeprefix('ftjob-')}"
    )


def train_some(stage: Stage, upto: int) -> None:
    """The backend's only job starts if it hasn't, and trains until step `upto`, with losses as they fall."""
    (job,) = stage.backend.jobs.values()
    while job.status != "running":
        stage.backend.advance(job.id)
        job.body["estimated_finish"] = int(time.time()) + 340
    for step in range(job.steps_done + 1, upto + 1):
        job.steps_done = step
        wobble = 0.06 * math.sin(2.3 * step)
        train = round(2.1 * math.exp(-step / 14) + 0.18 + wobble, 4)
        data = {"step": step, "total_steps": STEPS, "train_loss": train}
        if step % 8 == 0:
            data["valid_loss"] = round(train + 0.07, 4)
        words = f"Step {step}/{STEPS}: training loss={train}"
        stage.backend.add_event(job.id, words, type="metrics", data=data)


def finish(stage: Stage) -> str:
    """The backend's only job trains to its end; the model's name."""
    train_some(stage, STEPS)
    (job,) = stage.backend.jobs.values()
    model = str(stage.backend.finish(job.id))
    job.body.update(trained_tokens=21_032, finished_at=int(time.time()) + 520)
    return model


async def drop(page: Any, name: str, data: bytes, comment: str = "") -> None:
    """Drag a file over the channel, let go, and send it once it is uploaded."""
    transfer = await page.evaluate_handle(DROP, [name, data.decode()])
    for event in ("dragenter", "dragover", "drop"):
        await page.dispatch_event("#channel-pane", event, {"dataTransfer": transfer})
    await page.locator(".held", has_text=name).wait_for()
    await page.locator(".held progress").wait_for(state="detached")
    await page.locator("#composer textarea").fill(comment)
    await page.get_by_role("button", name="Send").first.click()


async def read_report(page: Any, words: str = "Kept as") -> Any:
    """The newest thread of the channel, opened, with the bot's report in it."""
    await page.locator("#messages .thread-link").last.click()
    report = page.locator("#thread-messages .message", has_text=words).last
    await report.wait_for()
    return report


async def fill_form(page: Any, report: Any) -> Any:
    """Press Train, choose a base model and ask for `many` epochs; the form as it is answered."""
    await report.get_by_role("button", name="Train", exact=True).click()
    form = page.locator("dialog.modal")
    await form.get_by_role("button", name="Base model").click()
    await form.get_by_role("combobox").fill(BASE)
    await form.get_by_role("option", name=re.compile(BASE)).first.click()
    await form.get_by_role("textbox", name="Name ending").fill("news")
    await form.get_by_role("textbox", name="Epochs").fill("many")
    await form.get_by_role("button", name="Start training").click()
    await form.locator(".input-error:not(:empty)").first.wait_for()
    return form


async def start_training(page: Any, form: Any) -> Any:
    """Correct the epochs and send the form again; the job's card in the channel."""
    await form.get_by_role("textbox", name="Epochs").fill("4")
    await form.get_by_role("button", name="Start training").click()
    await form.wait_for(state="detached")
    card = job_card(page)
    await card.wait_for()
    return card


def job_card(page: Any) -> Any:
    """The newest job's card in the channel."""
    return page.locator("#messages .message").filter(has=page.get_by_role("button", name="Events")).last


async def tab_to(page: Any, wanted: Any) -> None:
    """Press Tab until it has the focus; a card that is drawn anew loses it, so look again each time."""
    await wanted.wait_for()
    for _ in range(100):
        if await wanted.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {wanted}")


async def started(stage: Stage) -> None:
    """Until the backend has the job."""
    await stage.seen(lambda: _has_job(stage))


async def ask(page: Any, model: str, question: str) -> Any:
    """Ask the model in the channel; the answer's message in its thread."""
    area = page.locator("#composer textarea")
    await area.fill(f"/ask {model} {question}")
    await area.press("Enter")
    root = page.locator("#messages .message", has_text=question).last
    await root.locator(".thread-link").click()
    answer = page.locator("#thread-messages .message", has_text="asked by").last
    await answer.wait_for()
    return answer


async def act_as(page: Any, name: str) -> None:
    """Choose another person in the corner."""
    await page.get_by_label("Act as").select_option(name)
    await page.wait_for_url(re.compile(f"as={name}"))
    await page.wait_for_selector("body.ready")


async def refused(page: Any, card: Any, button: str) -> Any:
    """Press a button that asks first, say yes, and read why not."""
    await card.get_by_role("button", name=button, exact=True).click()
    await page.locator("dialog.confirm .button.danger").click()
    note = page.locator("#messages .message.ephemeral", has_text="Only its owner")
    await note.last.wait_for()
    return note.last


def wire(stage: Stage) -> Any:
    """What the backend was asked for the only job."""
    (job,) = stage.backend.jobs.values()
    return json.loads(json.dumps(job.request))


async def _has_job(stage: Stage) -> bool:
    return bool(stage.backend.jobs)
