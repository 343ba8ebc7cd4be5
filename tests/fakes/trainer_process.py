"""A real trainer on a port of the system's choice: not a fake, but what every test of it starts from."""

import contextlib
import json
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from openai import DefaultHttpxClient, OpenAI

from tests.fakes.trainer_contract import CheckedTransport

ROOT = Path(__file__).parent.parent.parent
CLASSES = {"Sports": ["match", "goal", "team"], "Business": ["shares", "profit", "bank"]}


class TrainerProcess:
    """Start, ask, stop or kill; the home outlives the process."""

    def __init__(
        self,
        home: Path,
        *,
        key: str = "",
        config: str | None = None,
        largest_file: int | None = None,
        memory: int | None = None,
        idle: bool = False,
    ) -> None:
        self.home = home
        self.module = "tests.fakes.idle_trainer" if idle else "trainer"
        self.key = key
        self.config = config
        self.limits = {resource.RLIMIT_FSIZE: largest_file, resource.RLIMIT_AS: memory}
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> "TrainerProcess":
        """Run the server until it says where it listens."""
        command = [sys.executable, "-m", self.module, "--port", "0", "--home", str(self.home)]
        if self.config is not None:
            path = self.home.with_name(f"{self.home.name}.toml")
            path.write_text(self.config)
            command += ["--config", str(path)]
        log = self.home.with_name(f"{self.home.name}.log").open("a")
        environment = {**os.environ, "FT_TRAINER_API_KEY": self.key}
        with log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
                preexec_fn=self._limit if any(self.limits.values()) else None,
            )
        self.url = self._first_line().rpartition(" ")[2]
        return self

    def _limit(self) -> None:
        """Stand in for a full disk and a lack of memory: bytes of one file, and of one process."""
        for kind, most in self.limits.items():
            if most:
                resource.setrlimit(kind, (most, most))

    def _first_line(self) -> str:
        lines: queue.Queue[str] = queue.Queue()
        stdout = self.process.stdout
        threading.Thread(target=lambda: lines.put(stdout.readline().strip()), daemon=True).start()
        line = lines.get(timeout=30)
        assert line.startswith("trainer listening on "), f"the trainer did not start: {line!r}"
        return line

    def client(self, key: str | None = None, **options: Any) -> OpenAI:
        """The real SDK, pointed here; every answer it gets must keep the contract."""
        return OpenAI(
            api_key=key or self.key or "any",
            base_url=self.url,
            max_retries=0,
            timeout=30,
            http_client=DefaultHttpxClient(transport=CheckedTransport()),
            **options,
        )

    def stop(self) -> int:
        """SIGTERM, as a service manager would; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self._gone()

    def _gone(self) -> int:
        status = self.process.wait(timeout=15)
        self.process.stdout.close()
        return status

    def children(self) -> list[int]:
        """The processes that the server started, and those that they started."""
        return descendants(self.process.pid)


@contextlib.contextmanager
def running_trainer(home: Path, **options: Any) -> Iterator[TrainerProcess]:
    """A started trainer, stopped at the end whatever happened to it."""
    trainer = TrainerProcess(home, **options).start()
    try:
        yield trainer
    finally:
        if trainer.process.poll() is None:
            trainer.stop()


def until(condition: Callable[[], Any], seconds: float = 30, what: str = "the condition") -> Any:
    """Poll until the condition holds and return what it gave."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {seconds} s")


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    with contextlib.suppress(FileNotFoundError):
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [*children, *(below for child in children for below in descendants(child))]
    return []


def has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return any(link.resolve() == path for link in Path(f"/proc/{pid}/fd").iterdir())
    return False


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def headlines(count: int = 12) -> bytes:
    """A small training file in which the words say the class."""
    rows = []
    for i in range(count):
        label = list(CLASSES)[i % 2]
        text = f"{CLASSES[label][i // 2 % 3]} number {i}"
        messages = [{"role": "user", "content": text}, {"role": "assistant", "content": label}]
        rows.append(json.dumps({"messages": messages}))
    return "\n".join(rows).encode()


def settings_text(**sections: dict[str, Any]) -> str:
    """The shipped trainer.toml with some settings changed."""
    lines = (ROOT / "trainer" / "trainer.toml").read_text().splitlines()
    section = ""
    for i, line in enumerate(lines):
        if line.startswith("["):
            section = line.strip("[]").replace("bases.tiny-chat", "tiny")
        name = line.partition(" = ")[0]
        if name in sections.get(section, {}):
            lines[i] = f"{name} = {json.dumps(sections[section].pop(name))}"
    left = {name: values for name, values in sections.items() if values}
    assert not left, f"not in trainer.toml: {left}"
    return "\n".join(lines) + "\n"
