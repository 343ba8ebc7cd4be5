"""The command line: `ft-bot ...`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.dataset_commands import convert, redact, split, validate
from bot.logs import set_up_logs
from bot.settings import Mode, Settings, SettingsWrong, read_settings
from tuning.errors import FtBotError

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fine-tune language models without leaving the Slack channel.",
)

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ft-bot {version('ft-bot')}")
        raise typer.Exit


@cli.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What every command has."""


@cli.command()
def run() -> None:
    """Run the bot over Socket Mode: needs no public address."""
    settings = _settings("run")
    from bot.web import run_socket

    _until_stopped(run_socket(settings))


@cli.command()
def serve(host: Host = "127.0.0.1", port: Port = 3000) -> None:
    """Run the bot over HTTP: POST /slack/events, GET /healthz, GET /readyz."""
    settings = _settings("serve")
    from bot.web import run_http

    _until_stopped(run_http(settings, host, port))


for command in (validate, convert, split, redact):
    cli.command()(command)


@cli.command()
def trainer(
    host: Host = "127.0.0.1",
    port: Port = 8081,
    home: Annotated[Path, typer.Option(help="Where files, jobs and models are kept.")] = Path("data/trainer"),
    config: Annotated[Path | None, typer.Option(help="A trainer.toml of your own.")] = None,
) -> None:
    """Run a fine-tuning server of your own, with OpenAI's API (extra: trainer)."""
    own = [] if config is None else ["--config", str(config)]
    _become("trainer", "--host", host, "--port", str(port), "--home", str(home), *own)


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context, host: Host = "127.0.0.1", port: Port = 8090) -> None:
    """Run a stand-in Slack workspace on this machine (extra: sandbox); other options are passed on."""
    _become("sandbox", "--host", host, "--port", str(port), *_manifest(context.args), *context.args)


@cli.command()
def demo() -> None:
    """Play the main job end to end on this machine: sandbox, trainer and bot."""
    from bot.demo.play import play

    raise typer.Exit(asyncio.run(play()))


@cli.command()
def doctor() -> None:
    """Check tokens, scopes, database, backend and clock, and say what to do about each."""
    from bot.doctor import examine

    settings = _settings(None)
    raise typer.Exit(asyncio.run(examine(settings)))


@cli.command()
def migrate() -> None:
    """Bring the database up to this version's tables."""
    from bot.trouble import make_room
    from storage import migrate as upgrade

    settings = _settings(None)

    async def work() -> None:
        make_room(settings.ft_data_dir)
        await upgrade(settings.database_url)

    _until_stopped(work())
    typer.echo("The database is up to date.")


def _manifest(arguments: list[str]) -> list[str]:
    """The sandbox's app is this bot unless a person says otherwise: beside the packages, or in this one."""
    if any(word.partition("=")[0] in ("--manifest", "--seed") for word in arguments):
        return []
    here = Path(__file__).parent
    found = [path for path in (here.parent / "manifest.yml", here / "manifest.yml") if path.exists()]
    return ["--manifest", str(found[0])] if found else []


def _settings(mode: Mode | None) -> Settings:
    """The settings, with the logs set up after them; what is wrong ends the command with exit code 2."""
    try:
        settings = read_settings(mode)
    except SettingsWrong as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    set_up_logs(settings.ft_log_level, settings.secrets)
    return settings


def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; what keeps it from starting is told in a line."""
    from bot.slack_errors import FAILURES, word

    try:
        asyncio.run(work)
    except FtBotError as error:
        typer.echo(f"{error.message} {error.remedy}".strip(), err=True)
        raise typer.Exit(1) from None
    except FAILURES as error:
        typer.echo(f"It ended with {word(error)}: `ft-bot doctor` finds out why.", err=True)
        raise typer.Exit(1) from None


def _become(package: str, *arguments: str) -> None:
    """Trainer and sandbox are programs of their own: signals and exit codes go straight to and from them."""
    os.execv(sys.executable, [sys.executable, "-m", package, *arguments])  # noqa: S606  our own module


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
