"""`python -m sandbox`: starts the workspace and says where it listens."""

import argparse
import asyncio
import logging
import os
import signal
import sqlite3
import sys
from pathlib import Path

from .server import LOOPBACK, Sandbox
from .workspace.seed import Credentials
from .workspace.seedfile import SeedError, read_mapping, read_seed


def parser() -> argparse.ArgumentParser:
    parse = argparse.ArgumentParser(prog="sandbox", description="A stand-in Slack workspace on this machine.")
    parse.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parse.add_argument(
        "--port", type=int, default=8090, help="port; 0 lets the system choose (default: 8090)"
    )
    parse.add_argument(
        "--manifest", type=Path, help="the app's manifest: commands, events and scopes to enforce"
    )
    parse.add_argument("--request-url", help="deliver by signed HTTP to this URL instead of Socket Mode")
    parse.add_argument("--seed", type=Path, help="people, channels and apps (YAML); see docs/sandbox.md")
    keeping = parse.add_mutually_exclusive_group()
    keeping.add_argument(
        "--state", type=Path, metavar="DIR", help="keep the workspace in this folder (SQLite)"
    )
    keeping.add_argument("--ephemeral", action="store_true", help="keep nothing (the default)")
    parse.add_argument("--rate-limits", action="store_true", help="enforce Slack's rate limits")
    return parse


def credentials() -> Credentials:
    """The app's tokens and secret: the same variables as the app's, or fixed values."""
    default = Credentials()
    return Credentials(
        os.environ.get("SLACK_BOT_TOKEN") or default.bot_token,
        os.environ.get("SLACK_APP_TOKEN") or default.app_token,
        os.environ.get("SLACK_SIGNING_SECRET") or default.signing_secret,
    )


def build(arguments: argparse.Namespace) -> Sandbox:
    """The sandbox that the arguments describe; exits with a sentence where they make no sense."""
    if arguments.seed and (arguments.manifest or arguments.request_url):
        raise SystemExit("--seed names the apps itself: leave out --manifest and --request-url")
    try:
        manifest = read_mapping(arguments.manifest, "manifest") if arguments.manifest else None
        seed = read_seed(arguments.seed) if arguments.seed else None
        return Sandbox(
            manifest,
            credentials(),
            arguments.request_url,
            arguments.host,
            arguments.port,
            seed,
            arguments.state,
            rate_limits=arguments.rate_limits,
            posting_limits=arguments.rate_limits,
        )
    except (SeedError, ValueError, OSError, sqlite3.Error) as error:
        raise SystemExit(str(error)) from None


async def serve(arguments: argparse.Namespace) -> None:
    sandbox = build(arguments)
    stopped = asyncio.Event()
    # before anybody can read that it listens: who reads it may end it at once
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await sandbox.start()
    except OSError as error:
        raise SystemExit(f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}") from None
    say(greeting(sandbox))
    await stopped.wait()
    await sandbox.stop()


def say(lines: list[str]) -> None:
    """Print; who listens may have read enough and left, which is no reason to stop serving."""
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        # Python flushes once more at the end: into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def greeting(sandbox: Sandbox) -> list[str]:
    """Where it listens, and what each app needs in its environment to connect."""
    ws = sandbox.workspace
    lines = [f"sandbox listening on {sandbox.url}"]
    if sandbox.host not in LOOPBACK:
        lines.append(
            "Whoever reaches this address can act as anybody here: keep it in a network that you trust."
        )
    lines.append("A bot needs these variables to connect:")
    lines.append(f"SLACK_API_URL={sandbox.api_url}")
    for app in ws.apps.values():
        tokens = {token.kind: token.value for token in ws.tokens.values() if token.app_id == app.id}
        lines += [f"For {app.name}:"] if len(ws.apps) > 1 else []
        lines.append(variable("SLACK_BOT_TOKEN", tokens["bot"]))
        lines.append(variable("SLACK_APP_TOKEN", tokens["app"]))
        lines.append(variable("SLACK_SIGNING_SECRET", app.signing_secret))
    return lines


def variable(name: str, value: str) -> str:
    """One to copy. A value of the person's own may be a real secret: it is not shown."""
    return f"{name} as in this environment" if os.environ.get(name) == value else f"{name}={value}"


def main(argv: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(serve(parser().parse_args(argv)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
