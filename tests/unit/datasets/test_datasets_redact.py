"""Redaction touches what is private and no other character, and leaves JSON inside of strings JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning.datasets import PRIVATE_CODES, check_file
from tuning.datasets.inplace import redact_json
from tuning.datasets.redact import redact_file

MAIL = "ada.byron@" + "engines.io"
CARD = "4539 8122 " + "0746 3183"
SECRET = "aws_secret_access_key", "wJalrXUtnFEMIK7MDENGbPxRfi" + "CYzzzzzzzzz123"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{ "a" :1e400,"b": 1E5 , "c":"MAIL","d":0.12345678901234567890}', None),
        ('{"k":"MAIL","k":"MAIL"}', None),
        ('["\\ud800 stays", "x \\ud800 MAIL"]', '["\\ud800 stays", "x \\ud800 [EMAIL]"]'),
        ('{"t":"na\\u00efve MAIL"}', None),
        ('{"t":"na\u00efve MAIL"}', None),
        ('{"MAIL":1,"MAIL!":{"MAIL":2}}', '{"[EMAIL]":1,"[EMAIL]!":{"[EMAIL]":2}}'),
    ],
)
def test_every_other_character_stays(before: str, after: str | None) -> None:
    text, _ = redact_json(before.replace("MAIL", MAIL))
    assert text == (after or before.replace("MAIL", "[EMAIL]"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"card": int(CARD.replace(" ", ""))}, {"card": "[CARD]"}),
        ({"t": f"mail:\n{MAIL}"}, {"t": "mail:\n[EMAIL]"}),
        ({"t": f"mail:\t{MAIL}", "n": 1.0}, {"t": "mail:\t[EMAIL]", "n": 1.0}),
        (dict([SECRET]), {SECRET[0]: "[SECRET]"}),
        ({"deep": json.dumps({"to": [MAIL]})}, {"deep": json.dumps({"to": ["[EMAIL]"]})}),
    ],
)
def test_arguments_of_a_call_stay_json(before: dict[str, object], after: dict[str, object]) -> None:
    text, done = redact_json(json.dumps({"arguments": json.dumps(before)}))
    assert json.loads(json.loads(text)["arguments"]) == after
    assert len(done) == 1


def test_a_redacted_file_has_nothing_private_left_in_calls_either(tmp_path: Path) -> None:
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "send", "arguments": json.dumps({"to": MAIL})},
    }
    said = [{"role": "user", "content": "Send it."}, {"role": "assistant", "tool_calls": [call]}]
    answer = [{"role": "tool", "tool_call_id": "c1", "content": json.dumps({"sent": f"to:\n{MAIL}"})}]
    row = {"messages": [*said, *answer, {"role": "assistant", "content": "Done."}]}
    source, clean = tmp_path / "calls.jsonl", tmp_path / "clean.jsonl"
    source.write_text((json.dumps(row) + "\n") * 12)
    before = check_file(source)
    assert redact_file(source, clean).rows == 12
    after = check_file(clean)
    assert before.codes.keys() - after.codes.keys() == {"email_address"}
    assert not after.codes.keys() & set(PRIVATE_CODES) | after.codes.keys() - before.codes.keys()


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text() | st.just(f"x {MAIL}"),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    ),
    st.booleans(),
)
def test_any_json_stays_json_with_the_same_shape(value: object, ascii_only: bool) -> None:
    before = json.dumps(value, ensure_ascii=ascii_only)
    after, done = redact_json(before)
    assert after == before.replace(MAIL, "[EMAIL]")
    assert done == ["email_address"] * before.count(MAIL)
