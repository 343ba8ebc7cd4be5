"""`ft-bot convert`, `split` and `redact` from the shell: what they write, and their exit codes."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from bot.__main__ import cli

MAIL = "mia.wong" + "@acme-mail.com"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    return done.exit_code, done.output


def test_a_table_is_converted_redacted_and_split(tmp_path: Path) -> None:
    table, chat, safe = tmp_path / "faq.csv", tmp_path / "faq.jsonl", tmp_path / "safe.jsonl"
    table.write_text("q,a\n" + "".join(f"what is {n}?,ask {MAIL}\n" for n in range(20)))
    options = ("--user", "Q: {q}", "--assistant", "{a}", "--system", "Be brief.")
    assert run("convert", table, chat, *options)[0] == 0
    assert '"Q: what is 0?"' in chat.read_text()
    code, out = run("redact", chat, safe)
    assert (code, "email_address 20" in out) == (0, True)
    assert MAIL not in safe.read_text()
    code, _ = run("split", safe, tmp_path, "--validation", "0.2", "--heldout", "0.1", "--seed", "3")
    assert code == 0
    parts = [tmp_path / f"safe.{name}.jsonl" for name in ("train", "validation", "heldout")]
    assert [len(part.read_text().splitlines()) for part in parts] == [14, 4, 2]


def test_what_can_not_be_used_ends_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    assert run("convert", tmp_path / "empty.csv", tmp_path / "out.jsonl")[0] == 2
    assert run("redact", tmp_path / "none.jsonl", tmp_path / "out.jsonl")[0] == 2
    assert run("split", tmp_path / "empty.csv", tmp_path)[0] == 2
    assert not (tmp_path / "out.jsonl").exists()
