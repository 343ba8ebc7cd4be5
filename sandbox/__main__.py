"""`python -m sandbox`: starts the workspace and says where it listens."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import yaml

from .server import Sandbox
from .workspace.records import JSON
from .workspace.seed import Credentials


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
    parse.add_argument("--rate-limits", action="store_true", help="enforce Slack's rate limits")
    return parse


def read_manifest(path: Path) -> JSON:
    """The manifest as a dictionary; exits with a sentence where it cannot be read."""
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise SystemExit(f"cannot read the manifest {path}: {error}") from None
    if not isinstance(found, dict):
        raise SystemExit(f"the manifest {path} is not a mapping")
    return found


def credentials() -> Credentials:
    """The app's tokens and secret: the same variables as the app's, or fixed values."""
    default = Credentials()
    return Credentials(
        os.environ.get("SLACK_BOT_TOKEN") or default.bot_token,
        os.environ.get("SLACK_APP_TOKEN") or default.app_token,
        os.environ.get("SLACK_SIGNING_SECRET") or default.signing_secret,
    )


async def serve(arguments: argparse.Namespace) -> None:
    manifest = read_manifest(arguments.manifest) if arguments.manifest else None
    sandbox = Sandbox(
        manifest,
        credentials(),
        arguments.request_url,
        arguments.host,
        arguments.port,
        rate_limits=arguments.rate_limits,
        posting_limits=arguments.rate_limits,
    )
    try:
        await sandbox.start()
    except OSError as error:
        raise SystemExit(f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}") from None
    print(f"sandbox listening on {sandbox.url}", flush=True)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await sandbox.stop()


def main(argv: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(serve(parser().parse_args(argv)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
