"""The answering process's one loop: take what came in, then give every answer its next token."""

import json
import queue
import traceback
from typing import Any

from jinja2 import TemplateError

from trainer import chat
from trainer.serve.batch import Answer, Batch
from trainer.serve.models import Loaded, Missing, Models, name_of
from trainer.serve.sampling import Sampler
from trainer.serve.text import TextStream


class Refused(Exception):
    """A question that can't be answered, with what the wire says of it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Answering:
    """Takes lines from the inbox and writes lines to the output, until the process ends."""

    def __init__(self, models: Models, inbox: "queue.Queue[dict[str, Any]]", output: Any) -> None:
        self.models = models
        self.inbox = inbox
        self.output = output
        self.batches: dict[str, Batch] = {}
        self.open: dict[int, int] = {}

    def run(self) -> None:
        """Until the process ends."""
        while True:
            self._take(block=not self.batches)
            for name, batch in list(self.batches.items()):
                for said in batch.step():
                    self._say(said)
                if not batch.answers:
                    del self.batches[name]

    def _take(self, *, block: bool) -> None:
        while True:
            try:
                line = self.inbox.get(block=block)
            except queue.Empty:
                return
            block = False
            self._handle(line)

    def _handle(self, line: dict[str, Any]) -> None:
        if line["op"] == "forget":
            self.models.forget(line["folder"], set(self.batches))
        elif line["op"] == "cancel":
            self._cancel(line["id"])
        else:
            try:
                self._begin(line)
            except Refused as error:
                self._error(line["id"], error.status, error.code, str(error))
            except Exception:
                traceback.print_exc()
                message = "The question could not be answered; the server's logs/serve.log says why."
                self._error(line["id"], 500, "answer_failed", message)

    def _cancel(self, id: int) -> None:
        if self.open.pop(id, None) is not None:
            for batch in self.batches.values():
                batch.drop(id)
            self.batches = {name: batch for name, batch in self.batches.items() if batch.answers}

    def _begin(self, question: dict[str, Any]) -> None:
        loaded = self._load(question)
        tokenizer = loaded.tokenizer
        prompt = _prompt(tokenizer, question)
        most = _room(question, len(prompt))
        batch = self.batches.setdefault(name_of(question["folder"], question["base"]), Batch(loaded))
        self.open[question["id"]] = question["n"]
        self._say({"event": "begin", "id": question["id"], "prompt_tokens": len(prompt)})
        batch.admit(prompt, [_answer(question, i, tokenizer, most) for i in range(question["n"])])

    def _load(self, question: dict[str, Any]) -> Loaded:
        try:
            return self.models.get(question["folder"], question["base"], set(self.batches))
        except Missing as error:
            message = f"The model `{question['model']}` does not exist or you do not have access to it."
            raise Refused(404, "model_not_found", message) from error

    def _say(self, said: dict[str, Any]) -> None:
        self.output.write(json.dumps(said) + "\n")
        self.output.flush()
        if said.get("finish") and said["id"] in self.open:
            self.open[said["id"]] -= 1
            if not self.open[said["id"]]:
                del self.open[said["id"]]
                self._say({"event": "done", "id": said["id"]})

    def _error(self, id: int, status: int, code: str, message: str) -> None:
        kind = "server_error" if status >= 500 else "invalid_request_error"
        self._say(
            {"event": "error", "id": id, "status": status, "type": kind, "code": code, "message": message}
        )


def _prompt(tokenizer: Any, question: dict[str, Any]) -> list[int]:
    messages = chat.defused(tokenizer, chat.normalise(question["messages"]))
    try:
        text = chat.render(tokenizer, messages, question["tools"], answer=True)
    except TemplateError as error:
        raise Refused(
            400, "invalid_messages", f"The model's chat template refuses the messages: {error}"
        ) from error
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def _room(question: dict[str, Any], prompt: int) -> int:
    context = question["base"]["context"]
    if prompt >= context:
        message = (
            f"This model's maximum context length is {context} tokens, but your messages are {prompt} tokens."
        )
        raise Refused(400, "context_length_exceeded", message)
    wanted = question["max_tokens"] or question["base"]["answer_tokens"] or context
    return int(min(wanted, context - prompt))


def _answer(question: dict[str, Any], index: int, tokenizer: Any, most: int) -> Answer:
    return Answer(
        id=question["id"],
        index=index,
        sampler=Sampler.of(question, index),
        text=TextStream(tokenizer, question["stop"]),
        most=most,
        top_logprobs=question["top_logprobs"],
    )
