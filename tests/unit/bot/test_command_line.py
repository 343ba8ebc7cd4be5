"""`ft-bot` as a person or a platform starts it: helps, exit codes, signals, and words for what is wrong."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.settings import Settings
from bot.trouble import CannotStart
from bot.web import run_http, run_socket
from sandbox.server import Sandbox
from tests.fakes.backend import FakeBackend
from tests.fakes.bot_process import bot_process, environment, run_to_end
from tests.fakes.stage import ROOT, rows
from tuning.errors import FtBotError

COMMANDS = sorted(get_command(cli).commands)  # type: ignore[attr-defined]
PROCFILE = dict(
    line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if not line.startswith("#")
)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(manifest=yaml.safe_load((ROOT / "manifest.yml").read_text())) as opened:
        yield opened


@pytest.fixture
async def env(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """Settings with which everything works."""
    backend = FakeBackend()
    async with backend.serve() as url:
        yield environment(sandbox, url, backend, tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does(command: str) -> None:
    done = CliRunner().invoke(cli, [command, "--help"])
    assert done.exit_code == 0
    described = get_command(cli).commands[command].help  # type: ignore[attr-defined]
    assert described.splitlines()[0].endswith(".")
    for option in get_command(cli).commands[command].params:  # type: ignore[attr-defined]
        assert option.name == "help" or getattr(option, "help", ""), f"{command} {option.name} has no help"


def test_without_a_command_there_is_help_that_names_all() -> None:
    shown = CliRunner().invoke(cli, []).output
    assert all(command in shown for command in COMMANDS)


def test_an_unknown_command_is_told() -> None:
    done = CliRunner().invoke(cli, ["tune"])
    assert done.exit_code == 2
    assert "No such command 'tune'" in done.output


def test_validate_tells_by_its_exit_code(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_bytes(rows())
    bad.write_bytes(rows() + b"{}\n")
    codes = [
        CliRunner().invoke(cli, ["validate", str(path), "--json"]).exit_code
        for path in (good, bad, tmp_path / "missing.jsonl", tmp_path)
    ]
    assert codes == [0, 1, 2, 2]
    report = json.loads(CliRunner().invoke(cli, ["validate", str(bad), "--json"]).stdout)
    assert (report["rows"], report["errors"]) == (13, 1)


async def test_a_shell_runs_the_procfile_s_lines_until_the_platform_s_signal(
    env: dict[str, str], tmp_path: Path
) -> None:
    assert set(PROCFILE) == {"web", "worker"}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])

    async def play(name: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        own = env | {"FT_DATA_DIR": str(folder / "data"), "PORT": port}
        async with bot_process("-c", f"exec {PROCFILE[name]}", env=own, folder=folder, program="bash") as bot:
            await bot.ready()
            if name == "web":
                assert bot.url.endswith(f":{port}")
                ready = f"http://127.0.0.1:{port}/readyz"
                async with aiohttp.ClientSession() as session, session.get(ready) as answer:
                    assert answer.status == 200
            assert await bot.stop(signal.SIGTERM) == 0, bot.words
            assert "Traceback" not in bot.words
            assert "WARNING" not in bot.words

    await asyncio.gather(play("web"), play("worker"))


async def test_sandbox_and_trainer_end_with_the_signal_that_ft_bot_gets(tmp_path: Path) -> None:
    for command in (["sandbox", "--port", "0"], ["trainer", "--port", "0", "--home", "home"]):
        async with bot_process(*command, env={}, folder=tmp_path) as started:
            await started.ready()
            assert f"{command[0]} listening on http://127.0.0.1:" in started.line
            # an answer shows that it serves, and heeds signals
            async with aiohttp.ClientSession() as session, session.get(started.url):
                pass
            assert await started.stop() == 0, started.words


def test_migrate_makes_the_database_and_may_be_called_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        done = CliRunner().invoke(cli, ["migrate"])
        assert (done.exit_code, done.output) == (0, "The database is up to date.\n")
    with sqlite3.connect(tmp_path / "data" / "ft-bot.db") as database:
        assert database.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_missing_and_wrong_settings_are_told_together_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FT_POLL_SECONDS", "often")
    done = CliRunner().invoke(cli, ["serve"])
    assert done.exit_code == 2
    for name in ("FT_POLL_SECONDS", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "OPENAI_API_KEY"):
        assert name in done.stderr


async def test_a_wrong_token_ends_it_with_words_and_exit_code_1(env: dict[str, str], tmp_path: Path) -> None:
    wrong = env | {"SLACK_BOT_TOKEN": "xoxb-wrong-token"}
    code, out, err = await run_to_end("run", env=wrong, folder=tmp_path)
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("Slack refuses SLACK_BOT_TOKEN (invalid_auth). Take it anew: ")
    assert "xoxb-wrong-token" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, ["SLACK_APP_TOKEN", "invalid_auth", "connections:write"]),
        ({"SLACK_API_URL": "http://127.0.0.1:9/api/"}, ["can't be reached", "127.0.0.1:9", "SLACK_API_URL"]),
        ({"FT_DATA_DIR": "/dev/null/data"}, ["FT_DATA_DIR", "can't be written to"]),
        ({"FT_DATABASE_URL": "mysql://host/name"}, ["FT_DATABASE_URL", "postgresql://"]),
        ({"FT_DATABASE_URL": "sqlite:///{folder}/broken.db"}, ["broken.db", "not a database"]),
        ({"FT_DATABASE_URL": "postgres://ft:hunter2222@127.0.0.1:9/ft"}, ["can't be reached"]),
    ],
)
async def test_what_keeps_it_from_starting_is_told_in_words(
    env: dict[str, str], tmp_path: Path, changed: dict[str, str], words: list[str]
) -> None:
    (tmp_path / "broken.db").write_text("this is no database, and long enough to be read as one" * 20)
    values = {name.lower(): value.format(folder=tmp_path) for name, value in (env | changed).items()}
    with pytest.raises(FtBotError) as caught:
        await run_socket(Settings(_env_file=None, **values))
    told = f"{caught.value.message} {caught.value.remedy}"
    assert all(word in told for word in words), told
    assert "hunter2222" not in told


async def test_a_port_that_is_taken_is_told(env: dict[str, str]) -> None:
    settings = Settings(_env_file=None, **{name.lower(): value for name, value in env.items()})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Can't listen on 127.0.0.1:{port}: .*in use.*") as caught:
            await run_http(settings, "127.0.0.1", port)
    assert "--port" in caught.value.remedy
