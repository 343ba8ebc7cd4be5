"""`ft-bot convert`, `split` and `redact` from the shell: what they write, and their exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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


def test_validate_compares_with_a_training_file_lists_every_finding_and_draws(tmp_path: Path) -> None:
    train, held = tmp_path / "train.jsonl", tmp_path / "held.jsonl"
    train.write_text("".join(chat(n) for n in range(60)))
    held.write_text("".join(chat(n) for n in range(59, 119)))
    picture, table = tmp_path / "tokens.png", tmp_path / "findings.csv"
    options = ("--against", train, "--findings-csv", table, "--histogram", picture, "--deep")
    code, out = run("validate", held, *options, "--json")
    assert (code, json.loads(out)["codes"]) == (0, {"leaked_row": 1})
    assert [line.split(",")[3] for line in table.read_text().splitlines()] == ["code", "leaked_row"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert run("validate", held, "--histogram", tmp_path / "none" / "a.png")[0] == 2
    assert run("validate", held, "--against", tmp_path / "none.jsonl")[0] == 2


def test_what_is_read_is_never_written_over(tmp_path: Path) -> None:
    rows, link = tmp_path / "rows.jsonl", tmp_path / "link.jsonl"
    rows.write_text("".join(chat(n) for n in range(12)))
    link.hardlink_to(rows)
    before = rows.read_bytes()
    for words in (
        ("convert", rows, link),
        ("validate", rows, "--findings-csv", rows),
        ("validate", rows, "--histogram", link),
        ("validate", tmp_path / "rows.jsonl", "--against", rows, "--findings-csv", link),
    ):
        code, out = run(*words)
        assert (code, "another name" in out) == (2, True), words
    assert rows.read_bytes() == before


def test_folders_and_devices_are_no_files_to_convert(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    assert run("convert", "/dev/zero", target) == (2, "ft-bot: zero isn't a file.\n")
    assert run("convert", ".", target) == (2, "ft-bot: . is a folder.\n")
    assert run("validate", "/") == (2, "ft-bot: / is a folder.\n")
    table = tmp_path / "faq.csv"
    table.write_text("question,answer\nWhy?,So.\n")
    assert run("convert", table, ".") == (2, "ft-bot: .: It is a folder, not a file.\n")
    code, out = run("convert", table, tmp_path / "none" / "rows.jsonl")
    assert (code, out) == (2, f"ft-bot: rows.jsonl: There is no folder {tmp_path / 'none'}.\n")


def test_conversion_names_some_records_that_were_left_out_and_counts_the_others(tmp_path: Path) -> None:
    table = tmp_path / "faq.csv"
    table.write_text("id,question,answer\n1,Why?,So.\n" + "2,Who?,\n" * 25)
    code, out = run("convert", table, tmp_path / "rows.jsonl")
    assert code == 1
    assert "left out 22: the answer is empty\n  left out: 5 more\n" in out
    assert "note: Columns that aren't used: id." in out


def test_a_reader_that_goes_away_is_no_record_left_out(tmp_path: Path) -> None:
    table = tmp_path / "faq.csv"
    table.write_text("question,answer\nWhy?,So.\n")
    code = "import sys; from bot.__main__ import cli; cli()"
    program = [sys.executable, "-c", code, "convert", str(table), str(tmp_path / "rows.jsonl")]
    take, give = os.pipe()
    os.close(take)
    assert subprocess.run(program, stdout=give, timeout=60).returncode == 0
    os.close(give)


def test_validate_is_told_how_the_set_refuses(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(chat(n) for n in range(60)))
    codes = json.loads(run("validate", path, "--refusal", "No idea.", "--refusal", "Ask Ann.", "--json")[1])[
        "codes"
    ]
    assert codes == {"refusal_missing": 1}
    codes = json.loads(run("validate", path, "--refusal", "Answer 7.", "--json")[1])["codes"]
    assert codes == {}


def test_validate_without_examples_draws_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    code, out = run("validate", tmp_path / "empty.jsonl", "--histogram", tmp_path / "a.png")
    assert (code, "no picture" in out, (tmp_path / "a.png").exists()) == (1, True, False)


def chat(number: int) -> str:
    said = [("system", "Be brief."), ("user", f"Question {number}?"), ("assistant", f"Answer {number}.")]
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in said]}) + "\n"
