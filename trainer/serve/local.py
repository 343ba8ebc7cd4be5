"""The local engine's end in the server: starts the answering process, carries questions and answers.

One line of JSON each way over the process's own pipes, so there is no port that anyone else could reach.
"""

import asyncio
import itertools
import json
import logging
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from trainer.errors import ApiError
from trainer.jobs import child
from trainer.serve.port import Question, Said, unavailable
from trainer.settings import Serving

LONGEST_LINE = 2**24
#: Bytes of questions that a process which is stuck has left unread.
MOST_UNREAD = 2**26

log = logging.getLogger(__name__)


class Local:
    """Owns the answering process; a new one is started when the last one died."""

    def __init__(self, log_file: Path, settings: Serving) -> None:
        self.log_file = log_file
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.pipe: asyncio.WriteTransport | None = None
        self.reading: asyncio.Task[None] | None = None
        self.waiting: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self.numbers = itertools.count()
        self.starting = asyncio.Lock()

    async def answer(self, question: Question) -> AsyncGenerator[Said, None]:
        """What the process says of one question, until it is done; raises ApiError if it can't."""
        await self._start_once()
        if self.pipe is not None and self.pipe.get_write_buffer_size() > MOST_UNREAD:
            raise unavailable(
                "answerer_busy", "The process that answers reads no questions; try again later."
            )
        number = next(self.numbers)
        queue = self.waiting[number] = asyncio.Queue()
        try:
            self._send({"op": "answer", "id": number, **question})
            while True:
                said = await queue.get()
                if said["event"] == "error":
                    raise _error(said)
                if said["event"] == "done":
                    return
                yield said
        finally:
            del self.waiting[number]
            self._send({"op": "cancel", "id": number})

    def forget(self, folder: str) -> None:
        """Tell the process that a model was deleted."""
        self._send({"op": "forget", "folder": folder})

    async def stop(self) -> None:
        """End the process."""
        if self.pipe is not None and not self.pipe.is_closing():
            self.pipe.abort()
        if self.process is not None:
            child.kill(self.process)
        if self.reading is not None:
            await self.reading

    async def get_ready(self, base: dict[str, Any], folder: str | None) -> None:
        """Have the process run; the model is loaded with its first question."""
        await self._start_once()

    async def _start_once(self) -> None:
        async with self.starting:
            if self.process is not None and self.process.poll() is None:
                return
            if self.reading is not None:
                await self.reading
            await self._start()

    async def _start(self) -> None:
        self.process = child.start(
            "trainer.serve",
            str(self.settings.loaded_models),
            str(self.settings.places),
            threads=self.settings.threads,
            log=self.log_file,
            stdout=subprocess.PIPE,
        )
        loop = asyncio.get_running_loop()
        self.pipe, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, self.process.stdin)
        self.reading = asyncio.create_task(self._read(self.process))
        log.info("Started the answering process (%s)", self.process.pid)

    def _send(self, line: dict[str, Any]) -> None:
        """Never waits: what a process that is stuck doesn't read stays in memory."""
        if self.process is None or self.pipe is None or self.process.poll() is not None:
            return
        # A process that just died is noticed by the reader, which tells everyone who waits.
        self.pipe.write(json.dumps(line).encode() + b"\n")

    async def _read(self, process: subprocess.Popen[bytes]) -> None:
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        while line := await reader.readline():
            said = json.loads(line)
            if queue := self.waiting.get(said["id"]):
                queue.put_nowait(said)
        transport.close()
        code = await asyncio.to_thread(process.wait)
        if self.waiting:
            log.error("The answering process ended with status %s; see %s", code, self.log_file)
        for queue in self.waiting.values():
            queue.put_nowait(_process_ended())


def _process_ended() -> Said:
    return {"event": "error", "status": 503, "code": "answerer_ended"}


def _error(said: Said) -> ApiError:
    if said["code"] == "answerer_ended":
        message = "The process that answers has ended. A new one starts with the next request; try again."
        return unavailable("answerer_ended", message, 1)
    kind = "server_error" if said["status"] >= 500 else "invalid_request_error"
    return ApiError(said["status"], said["message"], param=said["param"], code=said["code"], kind=kind)
