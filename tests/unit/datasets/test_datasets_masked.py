"""No report, table or line of progress shows a secret, whatever key, label, name or id holds it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from dataset_rows import good
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tuning.datasets import check_file
from tuning.datasets.cli import main_validate
from tuning.datasets.inplace import redact_json
from tuning.datasets.private import find
from tuning.datasets.redact import redact_file

SECRETS = [
    "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8",
    "bob.smith@engines.io",
    "+49 30 901820",
    "4539 8122 0746 3183",
]
TOOL = {
    "name": "f",
    "parameters": {"type": "object", "properties": {"a": {"enum": ["x"]}}, "additionalProperties": False},
}


def call(arguments: str, name: str = "f", call_id: str = "c1", **more: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {
        "role": "assistant",
        "tool_calls": [{"id": call_id, "type": "function", "function": function, **more}],
    }


def said(*messages: Any, **more: Any) -> dict[str, Any]:
    asked = {"role": "user", "content": "Please"}
    return {"messages": [asked, *messages, {"role": "assistant", "content": "ok"}], **more}


def places(secret: str) -> list[Any]:
    """Rows with the secret wherever a finding might quote it."""
    tool, key = {"type": "function", "function": TOOL}, {secret: 1}
    named = {"type": "function", "function": {"name": secret, "parameters": {"type": secret}, **key}, **key}
    answer = {"role": "tool", "tool_call_id": secret, "content": "x", **key}
    return [
        said(**key),
        said({"role": secret, "content": "x"}),
        said({"role": "user", "content": "x", "name": secret, **key}),
        said(
            {
                "role": "user",
                "content": [{"type": secret, "text": "x", **key}, {"type": "text", "text": "x", **key}],
            }
        ),
        said(
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": secret, "detail": secret, **key}}],
            }
        ),
        said({"role": "assistant", "content": "x", "weight": secret}),
        said(call(json.dumps(key)), answer, tools=[tool]),
        said(call(json.dumps({"a": secret})), answer, tools=[tool]),
        said(call('{"@": 1, "@": 2}'.replace("@", secret)), tools=[tool]),
        said(call("{}", secret, secret, **key), call("{}", secret, secret), answer, tools=[tool]),
        said(call("{}"), tools=[named, named]),
        said(call("{}"), tools=[tool], parallel_tool_calls=secret),
        said(
            tools=[
                {
                    "type": secret,
                    "function": {**TOOL, "strict": True, "parameters": {"properties": {secret: {}}}},
                }
            ]
        ),
        {"input": key, secret: [], "preferred_output": secret, "non_preferred_output": [{"role": secret}]},
        {"messages": [{"role": "user", "content": "x"}], secret: secret},
        '{"messages": [], "@": 1, "@": 2}'.replace("@", secret),
        '{"messages": ["@"'.replace("@", secret),
        secret,
    ]


def pieces(secret: str) -> list[str]:
    return [secret, secret[:12], secret[-10:], json.dumps(secret)[1:-1]]


def file_of(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("method", [None, "dpo", "reinforcement"])
def test_whatever_holds_a_secret_no_report_shows_it(tmp_path: Path, secret: str, method: str | None):
    path = file_of(tmp_path / "rows.jsonl", [*(good(n) for n in range(12)), *places(secret)])
    table, out, err = tmp_path / "all.csv", io.StringIO(), io.StringIO()
    main_validate(path, as_json=True, method=method, findings_csv=table, progress=True, out=out, err=err)
    main_validate(path, method=method, out=out, err=err)
    shown = out.getvalue() + err.getvalue() + table.read_text()
    assert "data_type" in shown
    assert [piece for piece in pieces(secret) if piece in shown] == []
    assert set(check_file(path).codes) & {"secret", "email_address", "phone_number", "card_number"}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SECRETS), st.text("a_.-: [", max_size=30), st.data())
def test_a_secret_inside_of_a_longer_key_is_masked_before_it_is_cut(
    secret: str, before: str, data: st.DataObject
):
    key = f"{before} {secret}"
    assume(find(key))
    row = data.draw(st.sampled_from(places(key)))
    with TemporaryDirectory() as folder:
        shown = check_file(file_of(Path(folder) / "rows.jsonl", [row])).to_json().decode()
    assert [piece for piece in pieces(secret) if piece in shown] == []


@pytest.mark.parametrize("secret", SECRETS)
def test_labels_the_shared_prompt_and_names_of_tools_are_masked(tmp_path: Path, secret: str):
    def row(n: int) -> dict[str, Any]:
        prompt = {"role": "system", "content": f"Say {secret}"}
        label = {"role": "assistant", "content": "no" if n % 5 else secret}
        return {
            "messages": [prompt, *good(n)["messages"][1:2], label],
            "tools": [{"function": {"name": secret}}],
        }

    report = check_file(file_of(tmp_path / "rows.jsonl", [row(n) for n in range(60)]))
    assert report.system_prompt
    assert report.labels
    assert sum(report.labels.values()) == 60
    assert [piece for piece in pieces(secret) if piece in report.to_json().decode()] == []


@pytest.mark.parametrize("secret", SECRETS)
def test_redacting_renames_keys_and_leaves_each_its_value(tmp_path: Path, secret: str):
    row = said(call(json.dumps({secret: 1})), **{secret: 1, f"{secret}!": 2, "x": {secret: secret}})
    source = file_of(tmp_path / "rows.jsonl", [row])
    redact_file(source, tmp_path / "clean.jsonl")
    clean = (tmp_path / "clean.jsonl").read_text()
    assert secret not in clean
    report = check_file(tmp_path / "clean.jsonl")
    assert report.codes["unrecognized_key"] == 3
    assert not {"secret", "email_address", "phone_number", "card_number"} & set(report.codes)


def test_two_keys_with_one_placeholder_stay_two():
    text, done = redact_json('{"a@engines.io": 1, "b@engines.io": 2, "[EMAIL] 2": 3}')
    assert text == '{"[EMAIL]": 1, "[EMAIL] 3": 2, "[EMAIL] 2": 3}'
    assert done == ["email_address"] * 2


def test_a_password_under_its_key_is_told_and_redacted(check_rows):
    password = "vQ7$" + "hTw2!kRz"
    row = {"messages": [{"role": "user", "content": "x"}], "login": {"db_password": password}}
    report = check_rows(row)
    assert [(f.code, f.path) for f in report.findings if f.code == "secret"] == [
        ("secret", "login.db_password")
    ]
    assert json.loads(redact_json(json.dumps(row))[0])["login"] == {"db_password": "[SECRET]"}


def test_a_secret_in_a_row_that_is_no_json_is_told(check_rows):
    report = check_rows(b'{"messages": [{"role": "user", "content": "' + SECRETS[0].encode() + b'"')
    assert [(f.code, f.row, f.path) for f in report.findings if f.code == "secret"] == [("secret", 1, "")]
