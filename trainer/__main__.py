"""The command: python -m trainer --host 127.0.0.1 --port 8081 --home DIR"""

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from trainer import extras, settings
from trainer.addresses import is_loopback
from trainer.store import Store

KEY = "FT_TRAINER_API_KEY"


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit status is 0 then, and 2 when the server can't start."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    key = os.environ.get(KEY, "")
    if not key and not is_loopback(options.host):
        print(f"trainer: {options.host} can be reached by others: set {KEY} first.", file=sys.stderr)
        return 2
    try:
        offered = settings.load(options.config)
        if absent := extras.missing(offered.training.executor):
            print(f"trainer: {absent}", file=sys.stderr)
            return 2
        home = options.home.resolve()
        with _only_one(home):
            _share_jobs(home, offered)
            asyncio.run(_serve(options.host, options.port, _store(home), offered, key))
    except (settings.SettingsError, OSError) as error:
        print(f"trainer: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trainer",
        description="A fine-tuning server that speaks OpenAI's wire.",
        epilog=f"API key: {KEY}",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8081, help="0 lets the system choose")
    parser.add_argument("--home", type=Path, default=Path("data/trainer"), help="where everything is kept")
    parser.add_argument("--config", type=Path, default=None, help="a trainer.toml of your own")
    return parser


def _store(home: Path) -> Store:
    try:
        return Store(home)
    except sqlite3.OperationalError as error:
        raise OSError(f"{home / 'trainer.db'} can't be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        words = "put a backup in its place, or move it away to begin with an empty one"
        raise OSError(f"{home / 'trainer.db'} is damaged ({error}): {words}") from error


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Two servers over one home would start every job twice."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(f"another trainer already uses {home}") from error
        yield


def _share_jobs(home: Path, offered: settings.Settings) -> None:
    """On a cluster the jobs' folders stand where all nodes see them; the home has a link to there."""
    if offered.training.executor != "ray" or not offered.ray.folder:
        return
    link, folder = home / "jobs", Path(offered.ray.folder)
    if not folder.is_dir():
        raise OSError(f"ray.folder {folder} is not there: mount it on this machine and all nodes")
    if link.is_dir() and not link.is_symlink() and not any(link.iterdir()):
        link.rmdir()
    if not link.is_symlink() and not link.exists():
        link.symlink_to(folder.resolve())
    if link.resolve() != folder.resolve():
        raise OSError(f"{link} holds jobs already: move them to {folder}, then remove {link}")


async def _serve(host: str, port: int, store: Store, offered: settings.Settings, key: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Only now: what it imports stands in the extras, and what is missing has been told.
    from trainer.api import build_app
    from trainer.api.protocol import listen

    app = build_app(store, offered, key)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=2.0)
    await runner.setup()
    try:
        listener = await listen(runner, host, port)
        print(f"trainer listening on {_address(host, listener.sockets[0].getsockname()[1])}/v1", flush=True)
        await stop.wait()
        listener.close()
    finally:
        await runner.cleanup()


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
