"""The answering process's loop: places, leaving, and a batch that fails; slow for torch's import."""

import io
import json
import queue
from typing import Any

import pytest

pytestmark = pytest.mark.slow
BASE = {"name": "tiny", "source": "tiny", "context": 64, "answer_tokens": 4, "trust_remote_code": False}


class Loop:
    """The loop without its process: what is put in, and what it says."""

    def __init__(self, places: int) -> None:
        from trainer.serve.answering import Answering
        from trainer.serve.models import Models

        self.inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self.output = io.StringIO()
        self.answering = Answering(Models(4), self.inbox, self.output, places)

    def ask(self, id: int, base: str = "tiny", n: int = 1) -> None:
        """Put a question in."""
        messages = [{"role": "user", "content": "x"}]
        asked = {
            "messages": messages,
            "tools": None,
            "max_tokens": None,
            "temperature": 0,
            "top_p": 1,
            "n": n,
        }
        more = {"seed": None, "stop": [], "top_logprobs": None, "folder": None, "model": base}
        self.inbox.put({"op": "answer", "id": id, "base": {**BASE, "name": base}, **asked, **more})

    def turns(self, count: int) -> list[tuple[int, str]]:
        """What is said in so many turns, as ids and events."""
        self.output.truncate(self.output.seek(0))
        for _ in range(count):
            # With nothing to do it would wait for ever.
            if self.inbox.qsize() or self.answering.waiting or self.answering.batches:
                self.answering.turn()
        lines = [json.loads(line) for line in self.output.getvalue().splitlines()]
        return [(line["id"], line["event"]) for line in lines if line["event"] != "text"]


def test_questions_wait_for_a_place_in_the_order_they_came() -> None:
    loop = Loop(places=2)
    for id, n in ((1, 1), (2, 1), (3, 2), (4, 1)):
        loop.ask(id, n=n)
    assert loop.turns(1) == [(1, "begin"), (2, "begin")]
    # Number 3 needs two places: number 4, which needs one, does not overtake it.
    assert loop.turns(4) == [(1, "done"), (2, "done"), (3, "begin")]
    assert loop.turns(4)[:2] == [(3, "done"), (4, "begin")]


def test_who_leaves_gives_up_the_place_whether_waiting_or_answered() -> None:
    loop = Loop(places=1)
    for id in (1, 2, 3):
        loop.ask(id)
    assert loop.turns(1) == [(1, "begin")]
    for id in (1, 2):
        loop.inbox.put({"op": "cancel", "id": id})
    assert loop.turns(1) == [(3, "begin")]


def test_a_batch_that_fails_ends_its_own_answers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(places=4)
    loop.ask(1, "first")
    loop.ask(2, "second")
    loop.turns(1)

    def no_memory() -> None:
        raise MemoryError("no memory")

    monkeypatch.setattr(loop.answering.batches["base first"], "step", no_memory)
    assert loop.turns(4) == [(1, "error"), (2, "done")]
    loop.ask(3, "first")
    assert loop.turns(5) == [(3, "begin"), (3, "done")]
