# ruff: noqa: E501 -- rows of tables
"""Secrets and personal data: found, never shown, and redacted without touching anything else.

Tokens are put together from pieces here, so that no scanner of this repository takes them for real ones.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dataset_rows import chat, good
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning.datasets import check_file, triggers
from tuning.datasets.lines import Lines
from tuning.datasets.private import CODES, find, is_card, is_iban, redact
from tuning.datasets.redact import redact_file
from tuning.datasets.rules import RULES

A = "abcdefghijklmnopqrstuvwxyz"
PRIVATE = [
    ("write to ada.lovelace+news@engines.co.uk today", "email_address", "ada.lovelace+news@engines.co.uk"),
    ("mailto:x@sub.host-name.io.", "email_address", "x@sub.host-name.io"),
    ("call +49 30 901820 now", "phone_number", "+49 30 901820"),
    ("call (212) 736-5000", "phone_number", "(212) 736-5000"),
    ("650-253-0000 is the number", "phone_number", "650-253-0000"),
    ("card 4539 8122 0746 3183, ok", "card_number", "4539 8122 0746 3183"),
    ("5402-3311-8820-7460", "card_number", "5402-3311-8820-7460"),
    ("amex 374922604178395", "card_number", "374922604178395"),
    ("IBAN DE89 3704 0044 0532 0130 00", "bank_account", "DE89 3704 0044 0532 0130 00"),
    ("GB29NWBK60161331926819", "bank_account", "GB29NWBK60161331926819"),
    ("ssn 536-90-4399", "social_security_number", "536-90-4399"),
    ("key AKIA" + "Q7RSTUVWXYZ23456 here", "secret", "AKIA" + "Q7RSTUVWXYZ23456"),
    ("ghp_" + (A + A)[:36], "secret", "ghp_" + (A + A)[:36]),
    ("sk-proj-" + A + "0123456789", "secret", "sk-proj-" + A + "0123456789"),
    (
        "xoxb-" + "123456789012-123456789012-" + A[:24],
        "secret",
        "xoxb-" + "123456789012-123456789012-" + A[:24],
    ),
    ("sk_live_" + A[:24], "secret", "sk_live_" + A[:24]),
    ("hf_" + (A + A)[:34], "secret", "hf_" + (A + A)[:34]),
    ("Authorization: Bearer " + A + "0123", "secret", "Bearer " + A + "0123"),
    (
        "AWS_SECRET_ACCESS_KEY=" + (A + A)[:30] + "/0123+4567",
        "secret",
        "AWS_SECRET_ACCESS_KEY=" + (A + A)[:30] + "/0123+4567",
    ),
    ("postgres://app:correcthorse@db.internal/x", "secret", "correcthorse"),
    (
        "api_key = '" + "9f86d081884c7d65" + "9a2feaa0c55ad015'",
        "secret",
        "9f86d081884c7d65" + "9a2feaa0c55ad015",
    ),
    ('"API_TOKEN": "' + "Zz9aK3dd8Qe2mN4b" + 'V6xC8zA1sD3f"', "secret", "Zz9aK3dd8Qe2mN4b" + "V6xC8zA1sD3f"),
    ("sk-" + "1234567890abcdef1234", "secret", "sk-" + "1234567890abcdef1234"),
    ("grüße an jürgen@müller.de", "email_address", "jürgen@müller.de"),
    ("写信给ada@engines.io谢谢", "email_address", "ada@engines.io"),
    ("卡号4539812207463183。", "card_number", "4539812207463183"),
    ("账号DE89370400440532013000。", "bank_account", "DE89370400440532013000"),
    ("密钥sk-" + "1234567890abcdef1234。", "secret", "sk-" + "1234567890abcdef1234"),
    ("redis://:s3cr3t+pw@cache.museum.org:6379", "secret", "s3cr3t+pw"),
    ("mysql://root:p&ss!w0rd@db.museum.org", "secret", "p&ss!w0rd"),
    (
        "the token eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSM",
        "secret",
        "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSM",
    ),
    (
        "//npm.engines.io/:_authToken=" + "01234567-89ab-cdef-0123-456789abcdef",
        "secret",
        "01234567-89ab-cdef-0123-456789abcdef",
    ),
    ("bot 110201543:AA" + (A + A)[:33], "secret", "110201543:AA" + (A + A)[:33]),
    ("-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE" + A + "\n-----END RSA PRIVATE KEY-----", "secret", None),
]
HEX, DRAWN = "0123456789abcdef" * 5, "aB3dE5gH7jK9mN1p" * 6
VENDORS = {
    "AGE-SECRET-KEY-1": "Q7RSTUVWXYZ" * 6, "ATATT3": DRAWN, "dop_v1_": HEX[:64], "dckr_pat_": DRAWN[:27],
    "EZAK": DRAWN[:54], "figd_": DRAWN[:40], "GOCSPX-": DRAWN[:28], "ya29.": DRAWN, "glsa_": DRAWN[:41],
    "gsk_": DRAWN[:52], "HRKU-": DRAWN[:60], "lsv2_pt_": HEX[:32] + "_" + HEX[:10], "lin_api_": DRAWN[:40],
    "NRAK-": "Q7RSTUVWXYZ" * 3, "ntn_": DRAWN[:46], "nvapi-": DRAWN[:64], "pplx-": DRAWN[:48],
    "pscale_tkn_": DRAWN[:43], "PMAK-": HEX[:24] + "-" + HEX[:34], "r8_": DRAWN[:37], "rubygems_": HEX[:48],
    "sntrys_": DRAWN[:90], "shpat_": HEX[:32], "sq0atp-": DRAWN[:22], "whsec_": DRAWN[:32], "sbp_": HEX[:40],
    "tgp_v1_": DRAWN[:43], "hvs.": DRAWN[:90], "xai-": DRAWN[:80],
}  # fmt: skip
PUBLIC = [
    "write to someone@example.com or root@localhost",
    "a@b, x @ y, @ada, 3@5",
    "order 4111 1111 1111 1112",
    "0000 0000 0000 0000",
    "from 1998-2004 to 2010-11-12 13:14:15",
    "serial 1234567890123456789",
    "pi is 3.14159265358979323846",
    "DE00 3704 0044 0532 0130 00",
    "call 555-0123",
    "sk-learn and sk-image",
    "AKIA is a prefix",
    "https://user:password@host.io/ and https://host.io:8080/@x",
    "eyJ is how a JWT begins",
    "123-45-678, 000-12-3456, 900-12-3456",
    "v1.2.3-4567890123",
    'logo@2x.png and https://me@host.io/ and f"postgres://{user}:{password}@{host}/x"',
    "sk-" + "x" * 32 + " and sk-learn-based-pipeline-for-text-classification-tasks-2",
    "api_key = os.environ['API_KEY'], API_KEY=YOUR_API_KEY_GOES_HERE_1234567",
    "access_token: 123e4567-e89b-12d3-a456-426614174000, client_secret=user_profile_settings_2024_v2",
    "git@github.com:org/repo.git and ssh me@printer.local and me@host.internal",
    "y = A@B.dot(C) and @app.route and npm i @types/node@18.11.9",
    "Bearer YOUR_API_KEY, Bearer <token>, the bearer of good news",
    "123e4567-e89b-12d3-a456-426614174000 and 978-3-16-148410-0 and 9780306406157",
    "1716239022123 ms, 20240501T101112Z, 192.168.100.200:8080, 00:1A:2B:3C:4D:5E",
    "order #12345678901, tracking 1Z999AA10123456784, 10.1038/s41586-020-2649-2",
    "task-specific-long-name-with-many-words-in-it and risk-management-framework",
]


@pytest.mark.parametrize(("text", "code", "found"), PRIVATE)
def test_private_data_is_found_where_it_stands(text: str, code: str, found: str | None):
    hits = [(hit.code, text[hit.start : hit.end]) for hit in find(text)]
    assert hits == [(code, text if found is None else found)]


@pytest.mark.parametrize("text", PUBLIC)
def test_what_only_looks_private_is_left_alone(text: str):
    assert find(text) == []


@pytest.mark.parametrize(("text", "code", "found"), PRIVATE)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_check_finds_it_in_a_row_and_never_shows_it(
    tmp_path: Path, text: str, code: str, found: str | None, ascii_only: bool
):
    row = chat(("system", "Be brief."), ("user", f"é {text}"), ("assistant", "ok"))
    lines = [
        json.dumps(r, ensure_ascii=ascii_only)
        for r in (*(good(n) for n in range(30)), row, *(good(n) for n in range(30, 60)))
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines))
    report = check_file(path)
    assert [(f.code, f.row, f.path, f.severity) for f in report.findings] == [
        (code, 31, "messages[1].content", "error")
    ]
    assert (found or "MIIE") not in report.to_json().decode()


@pytest.mark.parametrize("prefix", VENDORS)
def test_tokens_of_many_services_are_found_in_every_kind_of_row(check_rows, prefix: str):
    text = f"The key is {prefix}{VENDORS[prefix]}"
    plain = chat(("system", "Be brief."), ("user", text), ("assistant", "ok"))
    named = {"messages": [*plain["messages"][:2], {"role": "assistant", "content": "ok", "name": "ada"}]}
    found = [(f.code, f.row, f.path) for f in check_rows(plain, named).findings if f.code == "secret"]
    assert found == [("secret", row, "messages[1].content") for row in (1, 2)]


@pytest.mark.parametrize("text", PUBLIC)
def test_the_check_leaves_public_text_alone(check_rows, text: str):
    assert check_rows(chat(("system", "Be brief."), ("user", text), ("assistant", "a"))).codes == {}


def test_private_data_is_found_in_tool_arguments_and_in_grader_data(check_rows, write):
    row = {"messages": [*good(700)["messages"][:2], {"role": "assistant", "function_call": {"name": "f", "arguments": '{"to": "x@y.io"}'}}],
           "functions": [{"name": "f", "parameters": {}}]}  # fmt: skip
    assert [(f.code, f.path) for f in check_rows(row).findings] == [
        ("email_address", "messages[2].function_call.arguments")
    ]
    rows = [{"messages": [{"role": "user", "content": f"{n}?"}], "answer": ["x@y.io"]} for n in range(60)]
    assert check_file(write(*rows)).codes["email_address"] == 60


HURTS = [
    "password=",
    "token=",
    "pwd=a",
    " -u a:",
    "Basic ",
    "ENV PASSWORD ",
    "_pass",
    "secret: ",
    "patA",
    "sig=",
    "0049 3",
    "ssh x -p ",
    "a@b.co:",
    "-----BEGIN " + "PRIVATE KEY-----\n",
    "-----BEGIN " + "PRIVATE KEY-----A: b\n",
    "Private-Lines: 4 ",
    "MTA5",
    "a-us1",
    "+4",
    "\\/",
    "sk-",
    "sk-a1",
    "eyJ",
    "eyJabcdefgh.",
    "://a:b@",
    "//",
    "api_key",
    "api_key = ",
    "@a.",
    "a@",
    "1 ",
    "aws",
]


@pytest.mark.parametrize("piece", HURTS)
def test_no_text_takes_the_square_of_its_length(piece: str):
    text = piece * (300_000 // len(piece))  # minutes, if it did
    assert {hit.code for hit in find(text + " ada@engines.io")} >= {"email_address"}
    line = json.dumps(chat(("user", text), ("assistant", "ada@engines.io"))).encode()
    assert triggers.find(Lines(line, 0)).private


def test_card_and_iban_checksums():
    assert is_card("4111111111111111")
    assert not is_card("4111111111111121")
    assert not is_card("9999999999999995")
    assert is_iban("GB29 NWBK 6016 1331 9268 19")
    assert not is_iban("GB28 NWBK 6016 1331 9268 19")


def test_every_private_code_is_a_rule_and_an_error():
    assert {RULES[code].severity for code in CODES} == {"error"}


def test_redacting_a_text_replaces_each_kind_by_its_placeholder():
    text, done = redact("ada@engines.io, +49 30 901820 and 4539 8122 0746 3183")
    assert text == "[EMAIL], [PHONE] and [CARD]"
    assert done == ["email_address", "phone_number", "card_number"]
    assert redact("ada@engines.io, +49 30 901820", codes=["phone_number"])[0] == "ada@engines.io, [PHONE]"


def test_a_redacted_file_is_clean_and_other_rows_keep_their_bytes(write, tmp_path: Path):
    odd = b'{ "messages" : [{"role":"user","content":"\\u00e9 1 "},{"role":"assistant","content":"ok"}]}\r'
    private = chat(
        ("user", "I am ada@engines.io, write to ada@engines.io"), ("assistant", "Hello ada@engines.io")
    )
    source = write(odd, private, b"not json ada@engines.io", b"", *(good(n) for n in range(20)))
    target = tmp_path / "clean.jsonl"
    result = redact_file(source, target)
    before, after = source.read_bytes().split(b"\n"), target.read_bytes().split(b"\n")
    assert (result.rows, result.replaced) == (1, {"email_address": 3})
    assert [i for i, (one, two) in enumerate(zip(before, after, strict=True)) if one != two] == [1]
    assert json.loads(after[1])["messages"][1]["content"] == "Hello [EMAIL]"
    assert result.unreadable == [3]


def test_a_redaction_that_fails_leaves_no_file(tmp_path: Path):
    with pytest.raises(OSError, match="missing"):
        redact_file(tmp_path / "missing", tmp_path / "clean")
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=150, deadline=None)
@given(
    before=st.lists(
        st.sampled_from(["12345678 ", "1,2,3,4,5678,", "2024-05-06 ", "x ", "0000-", "\u00e9"]), max_size=12
    ),
    text=st.sampled_from([text for text, _, found in PRIVATE if found]),
    after=st.lists(st.sampled_from([" 12345678", ",1,2,3,4,5678", " x", " 00:00"]), max_size=12),
)
def test_the_fast_look_finds_every_line_in_which_the_exact_one_finds_something(
    before: list[str], text: str, after: list[str]
):
    said = "".join(before) + " " + text + " " + "".join(after)
    kinds = {hit.code for hit in find(said)}
    line = json.dumps(chat(("user", said), ("assistant", "a"))).encode()
    hits = triggers.find(Lines(b"{}\n" + line + b"\n{}", 0))
    assert set(hits.private) <= {1}
    assert {hit.code for hit in find(said, hits.private.get(1, 0))} == kinds


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("0123456789" * 3 + " -.)(:" * 3 + "ABx", max_size=60), min_size=1, max_size=4))
def test_the_fast_look_misses_no_number_wherever_it_stands(said: list[str]):
    numbered = {i for i, text in enumerate(said) if triggers.NUMBERS.search(text.encode())}
    assert numbered <= set(triggers.find(Lines("\n".join(said).encode(), 0)).private)
