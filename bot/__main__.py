"""The command line: `ft-bot ...`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

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
Method = Literal["supervised", "dpo", "reinforcement"]


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


@cli.command()
def validate(
    file: Annotated[Path, typer.Argument(help="A JSONL file, plain or packed with gzip or ZIP.")],
    json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
    model: Annotated[str | None, typer.Option(help="The base model whose limits count.")] = None,
    method: Annotated[Method | None, typer.Option(help="The method that the rows must fit.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The tokenizer, such as o200k_base.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens an example may have.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="A training file in which no row of this one may stand.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Compare all rows, however many they are.")] = False,
    refusal: Annotated[
        list[str] | None,
        typer.Option(help="How this set refuses, word for word; may be given several times."),
    ] = None,
    findings_csv: Annotated[Path | None, typer.Option(help="Write every finding to this CSV file.")] = None,
    histogram: Annotated[
        Path | None, typer.Option(help="Draw the tokens per example into this PNG file.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(help="Findings of each code in the report (20; in JSON 1000).", min=1)
    ] = None,
) -> None:
    """Check a dataset, row by row, before anybody pays for a run over it.

    Exit code 0: fine, warnings at most; 1: findings that are errors; 2: the file or an option can't be used.

    ft-bot validate held-out.jsonl --against train.jsonl --json
    """
    from tuning.datasets.cli import main_validate
    from views.histogram import histogram_png

    code = main_validate(
        file,
        as_json=json,
        base=model,
        method=method,
        encoding=encoding,
        max_tokens=max_tokens,
        against=against,
        deep=deep,
        refusals=refusal or (),
        findings_csv=findings_csv,
        histogram=histogram,
        draw=histogram_png,
        keep=keep,
    )
    raise typer.Exit(code)


@cli.command()
def convert(
    file: Annotated[Path, typer.Argument(help="A table, Excel, Parquet or another JSON format.")],
    target: Annotated[Path | None, typer.Argument(help="The JSONL file; left out, it shows rows.")] = None,
    user: Annotated[str | None, typer.Option(help="What is asked, with {column} for a cell.")] = None,
    assistant: Annotated[str | None, typer.Option(help="What is answered, likewise.")] = None,
    system: Annotated[str, typer.Option(help="A system prompt for rows that have none.")] = "",
) -> None:
    """Convert a file to JSONL. Exit code 0: all of it; 1: records were left out; 2: it can't be."""
    from tuning.datasets.commands import main_convert

    raise typer.Exit(main_convert(file, target, user=user, assistant=assistant, system=system))


@cli.command()
def split(
    file: Annotated[Path, typer.Argument(help="A JSONL file.")],
    folder: Annotated[Path, typer.Argument(help="Where the parts are written.")],
    validation: Annotated[float, typer.Option(help="The share to validate with, 0 to 1.")] = 0.1,
    heldout: Annotated[float, typer.Option(help="The share to hold out, 0 to 1.")] = 0.1,
    seed: Annotated[int, typer.Option(help="The same seed makes the same parts.")] = 0,
    group_by: Annotated[str | None, typer.Option(help="A key of the rows that stay together.")] = None,
) -> None:
    """Split a dataset into rows to train on, to validate with and to hold out."""
    from tuning.datasets.commands import main_split

    done = main_split(file, folder, validation=validation, heldout=heldout, seed=seed, group_by=group_by)
    raise typer.Exit(done)


@cli.command()
def redact(
    file: Annotated[Path, typer.Argument(help="A JSONL file.")],
    target: Annotated[Path, typer.Argument(help="The copy that is written.")],
) -> None:
    """Write a copy with placeholders for secrets and personal data."""
    from tuning.datasets.commands import main_redact

    raise typer.Exit(main_redact(file, target))


@cli.command()
def trainer(
    host: Host = "127.0.0.1",
    port: Port = 8081,
    home: Annotated[Path, typer.Option(help="Where files, jobs and models are kept.")] = Path("trainer-home"),
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
