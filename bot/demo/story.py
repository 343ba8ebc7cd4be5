"""What the two people do, and what each of them must then see in Slack."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.demo.processes import DemoFailed
from bot.demo.screen import Screen
from sandbox.client import Control, Person, until

Message = dict[str, Any]

CHANNEL = "#fine-tuning"
TRAINING_SECONDS = 150
QUESTION = "Striker scores twice as the home team wins the cup final"


@dataclass(slots=True)
class Story:
    """The scenes, in order. Each raises DemoFailed when what it waits for isn't seen."""

    control: Control
    screen: Screen
    examples: Path
    ana: Person
    ben: Person
    model: str = ""

    async def broken_file(self) -> None:
        """A file with mistakes is answered row by row."""
        await self.screen.say("ana drops a file with mistakes in it; the bot checks every row")
        dropped = await self._drop("news_broken.jsonl")
        await self._reply(dropped, "the report on the broken file", _says(r"(?i)\brow \d+|line \d+"))

    async def good_file(self) -> Message:
        """A good file becomes a dataset, with a Train button."""
        rows = len((self.examples / "news_train.jsonl").read_bytes().splitlines())
        await self.screen.say(
            f"ana drops {rows} headlines, each with its section: World, Sports, Business or Sci/Tech"
        )
        dropped = await self._drop("news_train.jsonl")
        return await self._reply(dropped, "the report with its Train button", _has_button("train_dataset"))

    async def train(self, report: Message) -> Message:
        """The button opens the form; the form starts a job, whose card appears in the channel."""
        await self.screen.say("ana presses Train and fills in the form: suffix news, the rest as proposed")
        before = await self.control.last()
        await self.ana.press(report, "train_dataset")
        await self.ana.modal("train")
        sent = await self.ana.submit({"suffix": "news"})
        if not sent["ok"]:
            raise DemoFailed(f"the form was not taken: {sent}")
        return await self._follow(before, "the job's card", _new_root)

    async def refused(self, card: Message) -> None:
        """Who doesn't own a job can't cancel it."""
        await self.screen.say("ben, who doesn't own the job, tries to cancel it")
        job = _job_id(card)
        await self.ben.command(CHANNEL, "/ft", f"cancel {job}")
        await self._note(self.ben, "the refusal", _says(r"(?i)only its owner"))

    async def follow_training(self, card: Message) -> None:
        """The thread tells of the job until it has made a model."""
        await self.screen.say("the job trains, really, in its own process; its card is edited as it goes")
        print("  (PyTorch takes about ten seconds to load; the training then about as long)", flush=True)
        done = await self._reply(
            card, "the end of the training", _says(r"succeeded|failed"), TRAINING_SECONDS
        )
        found = re.search(r"ft:[\w.:-]+", done["text"])
        if not found:
            raise DemoFailed(f"the job made no model: {done['text']}")
        self.model = found.group()

    async def ask(self) -> None:
        """The model answers in the channel, for everybody."""
        await self.screen.say("ben asks the model about a headline that it has not seen")
        before = await self.control.last()
        await self.ben.command(CHANNEL, "/ask", f"{self.model} {QUESTION}")
        entry = await self._follow(before, "the question in the channel", _new_root)
        await self._reply(entry, "the model's answer", _says(r"\w"))

    async def delete(self) -> None:
        """The owner deletes the model; after that it can't be asked."""
        await self.screen.say("ana deletes the model, after being asked whether she means it")
        await self.ana.command(CHANNEL, "/ft", f"delete {self.model}")
        question = await self._note(self.ana, "the question before deleting", _has_button("delete_model_yes"))
        before = await self.control.last()
        await self.ana.press(question, "delete_model_yes")
        await self._follow(before, "the line about the deletion", _new_root)
        await self.screen.say("ben asks it once more")
        await self.ben.command(CHANNEL, "/ask", f"{self.model} {QUESTION}")
        await self._note(self.ben, "that the model is gone", _says("was deleted"))

    async def _drop(self, name: str) -> Message:
        return await self.ana.drop(CHANNEL, name, (self.examples / name).read_bytes())

    async def _reply(
        self, root: Message, what: str, fits: Callable[[Message], bool], seconds: float = 30
    ) -> Message:
        """The first reply in a message's thread that fits."""

        async def look() -> Message | None:
            thread = await self.control.thread(CHANNEL, root["ts"])
            return next((message for message in thread[1:] if fits(message)), None)

        return await _seen(look, what, seconds)

    async def _note(self, person: Person, what: str, fits: Callable[[Message], bool]) -> Message:
        """The newest message only for this person that fits."""

        async def look() -> Message | None:
            return next((note for note in reversed(await person.notes()) if fits(note)), None)

        return await _seen(look, what, 15)

    async def _follow(self, since: int, what: str, fits: Callable[[Message], bool]) -> Message:
        """The first new message in the channel that fits."""
        try:
            entry = await self.control.follow(
                since, lambda entry: entry["kind"] == "message" and fits(entry["data"]["message"]), seconds=30
            )
        except TimeoutError:
            raise DemoFailed(f"not seen in Slack within 30 s: {what}") from None
        return {**entry["data"]["message"], "channel": entry["data"]["channel"]}


async def _seen(look: Callable[[], Any], what: str, seconds: float) -> Message:
    try:
        return dict(await until(look, seconds))
    except TimeoutError:
        raise DemoFailed(f"not seen in Slack within {seconds:.0f} s: {what}") from None


def _says(pattern: str) -> Callable[[Message], bool]:
    return lambda message: re.search(pattern, message.get("text") or "") is not None


def _has_button(action_id: str) -> Callable[[Message], bool]:
    return lambda message: f'"{action_id}"' in repr(message.get("blocks")).replace("'", '"')


def _new_root(message: Message) -> bool:
    """A message of the bot's in the channel itself."""
    in_thread = message.get("thread_ts") not in (None, message.get("ts"))
    return bool(message.get("bot_id")) and not in_thread


def _job_id(card: Message) -> str:
    """The job's id, as the card's buttons carry it."""
    found = re.search(r"ftp_[a-z0-9]+", repr(card.get("blocks")))
    if not found:
        raise DemoFailed("the job's card names no job")
    return found.group()
