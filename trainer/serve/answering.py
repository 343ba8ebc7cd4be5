"""The answering process's one loop: take what came in, then give every answer its next token.

At most `places` answers are in the making; further questions wait their turn, first come first served.
"""

import json
import queue
import traceback
from collections import deque
from typing import Any

from jinja2 import TemplateError

from trainer import chat, habits
from trainer.errors import ApiError, bad, no_such_model, server_error
from trainer.serve.batch import Answer, Batch
from trainer.serve.models import Loaded, Missing, Models, name_of
from trainer.serve.port import too_long
from trainer.serve.sampling import Sampler
from trainer.serve.text import TextStream

FAILED = "The question could not be answered; the server's logs/serve.log says why."


class Answering:
    """Takes lines from the inbox and writes lines to the output, until the process ends."""

    def __init__(
        self, models: Models, inbox: "queue.Queue[dict[str, Any]]", output: Any, places: int
    ) -> None:
        self.models = models
        self.inbox = inbox
        self.output = output
        self.places = places
        self.waiting: deque[dict[str, Any]] = deque()
        self.batches: dict[str, Batch] = {}
        self.open: dict[int, int] = {}

    def run(self) -> None:
        """Until the process ends."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Take what came in, begin what has a place, and make one step."""
        self._take(block=not self.batches and not self.waiting)
        while self.waiting and self._has_place(self.waiting[0]):
            self._begin_safely(self.waiting.popleft())
        for name, batch in list(self.batches.items()):
            self._step(name, batch)

    def _take(self, *, block: bool) -> None:
        while True:
            try:
                line = self.inbox.get(block=block)
            except queue.Empty:
                return
            block = False
            if line["op"] == "forget":
                self.models.forget(line["folder"], set(self.batches))
            elif line["op"] == "cancel":
                self._cancel(line["id"])
            else:
                self.waiting.append(line)

    def _has_place(self, question: dict[str, Any]) -> bool:
        """A question for more answers than there are places is begun when it has them all."""
        batch = self.batches.get(name_of(question["folder"], question["base"]))
        if batch is not None and not batch.joins:
            return False
        taken = sum(self.open.values())
        return taken == 0 or taken + question["n"] <= self.places

    def _cancel(self, id: int) -> None:
        self.waiting = deque(question for question in self.waiting if question["id"] != id)
        if self.open.pop(id, None) is not None:
            for name, batch in list(self.batches.items()):
                batch.drop(id)
                self._end_if_empty(name, batch)

    def _end_if_empty(self, name: str, batch: Batch) -> None:
        if not batch.answers:
            self.batches.pop(name, None)
            self.models.settle(set(self.batches))

    def _begin_safely(self, question: dict[str, Any]) -> None:
        try:
            self._begin(question)
        except ApiError as error:
            self._refuse(question["id"], error)
        except Exception:
            traceback.print_exc()
            self._refuse(question["id"], server_error(FAILED))

    def _begin(self, question: dict[str, Any]) -> None:
        loaded = self._load(question)
        prompt = _prompt(loaded.tokenizer, question)
        most = _room(question, len(prompt))
        name = name_of(question["folder"], question["base"])
        batch = self.batches.get(name) or Batch(loaded)
        calls = habits.of(loaded.tokenizer).calls if question["tools"] else None
        marks = "".join(calls or ())
        texts = [TextStream(loaded.tokenizer, question["stop"], marks) for _ in range(question["n"])]
        batch.admit(prompt, [_answer(question, i, text, most) for i, text in enumerate(texts)])
        self.batches[name] = batch
        self.open[question["id"]] = question["n"]
        said = {"event": "begin", "id": question["id"], "prompt_tokens": len(prompt)}
        self._say({**said, "calls": calls})

    def _load(self, question: dict[str, Any]) -> Loaded:
        try:
            return self.models.get(question["folder"], question["base"], set(self.batches))
        except Missing as error:
            raise no_such_model(question["model"]) from error

    def _step(self, name: str, batch: Batch) -> None:
        try:
            for said in batch.step():
                self._tell(said)
        except Exception:
            # Memory, most likely: these answers end, those of other models go on.
            traceback.print_exc()
            for id in {answer.id for answer in batch.answers}:
                self.open.pop(id, None)
                self._refuse(id, server_error(FAILED))
            batch.answers = []
        self._end_if_empty(name, batch)

    def _tell(self, said: dict[str, Any]) -> None:
        self._say(said)
        if said["finish"] and said["id"] in self.open:
            self.open[said["id"]] -= 1
            if not self.open[said["id"]]:
                del self.open[said["id"]]
                self._say({"event": "done", "id": said["id"]})

    def _refuse(self, id: int, error: ApiError) -> None:
        body = {"status": error.status, "message": str(error), "param": error.param, "code": error.code}
        self._say({"event": "error", "id": id, **body})

    def _say(self, said: dict[str, Any]) -> None:
        self.output.write(json.dumps(said) + "\n")
        self.output.flush()


def _prompt(tokenizer: Any, question: dict[str, Any]) -> list[int]:
    messages = chat.defused(tokenizer, chat.normalise(question["messages"]))
    try:
        text = chat.render(tokenizer, messages, question["tools"], answer=True)
    except TemplateError as error:
        message = f"The model's chat template refuses the messages: {error}"
        raise bad(message, "messages", "invalid_messages") from error
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def _room(question: dict[str, Any], prompt: int) -> int:
    context = question["base"]["context"]
    if prompt >= context:
        raise too_long(context, prompt)
    wanted = question["max_tokens"] or question["base"]["answer_tokens"] or context
    return int(min(wanted, context - prompt))


def _answer(question: dict[str, Any], index: int, text: TextStream, most: int) -> Answer:
    return Answer(
        id=question["id"],
        index=index,
        sampler=Sampler.of(question, index),
        text=text,
        most=most,
        top_logprobs=question["top_logprobs"],
    )
