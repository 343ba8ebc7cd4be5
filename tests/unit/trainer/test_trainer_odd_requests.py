"""Whatever is sent, the answer is OpenAI's shape and never a 500."""

import gzip
import json
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai import OpenAI

from tests.fakes.raw_http import MULTIPART, Answer, field, form, send
from tests.fakes.trainer_contract import problem_with
from tests.fakes.trainer_process import TrainerProcess, until
from trainer.api.question import KNOWN

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
JOBS, FILES, UPLOADS = "/v1/fine_tuning/jobs", "/v1/files", "/v1/uploads"
PURPOSE, FILE = field("purpose", b"fine-tune"), field("file", b"abc", "a.jsonl")


@pytest.fixture
def ask(trainer: TrainerProcess):
    def ask(method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return send(trainer.url, method, path, body, key=trainer.key, **headers)

    return ask


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "could not parse"),
        (b"{", "could not parse"),
        (b"[1]", "must be a JSON object"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"model": "\xff"}', "not valid UTF-8"),
        (json.dumps({"model": "x"}).encode("utf-16"), "not valid UTF-8"),
        (b'{"model": "\\ud800"}', "not valid UTF-8"),
        (b'{"seed": NaN}', "number that JSON does not have"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "number that JSON does not have"),
    ],
)
@pytest.mark.parametrize("path", [CHAT, JOBS, UPLOADS])
def test_a_body_that_is_no_json_object_is_refused_in_words(ask, path: str, body: bytes, words: str) -> None:
    answer = ask("POST", path, body, Content_Type="application/json")
    assert answer.status == 400
    assert words in answer.error["message"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{}", {"Content_Type": "text/plain"}, 415, "unsupported_content_type"),
        (b"a=b", {"Content_Type": "application/x-www-form-urlencoded"}, 415, "unsupported_content_type"),
        (b"{}", {"Content_Type": "application/json; charset=nonsense"}, 400, "missing_required_parameter"),
        (b"\xef\xbb\xbf{}", {}, 400, "missing_required_parameter"),
        (gzip.compress(b"{}"), {"Content_Encoding": "gzip"}, 400, "missing_required_parameter"),
        (b"no gzip", {"Content_Encoding": "gzip"}, 400, None),
        (gzip.compress(b" " * 50_000_000), {"Content_Encoding": "gzip"}, 413, "request_too_large"),
    ],
)
def test_what_a_body_is_said_to_be_decides(
    ask, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = ask("POST", CHAT, body, **headers)
    assert (answer.status, answer.error["code"]) == (status, code)


@pytest.mark.parametrize(
    "limit", ["0", "-1", "abc", "1.5", "%C2%B2", "9" * 6000, "", "+1", "%20"], ids=lambda limit: limit[:6]
)
@pytest.mark.parametrize("path", [JOBS, FILES])
def test_a_limit_that_is_no_number_is_refused(ask, path: str, limit: str) -> None:
    answer = ask("GET", f"{path}?limit={limit}")
    assert (answer.status, answer.error["param"]) == (400, "limit")


def test_a_limit_beyond_the_most_is_cut_and_an_unknown_order_refused(ask) -> None:
    assert ask("GET", f"{JOBS}?limit=99999999").status == 200
    assert ask("GET", f"{FILES}?order=sideways").error["param"] == "order"
    assert "at most 18 digits" in ask("GET", f"{FILES}?limit={'9' * 20}").error["message"]


@pytest.mark.parametrize("asked", ["metadata=x", "metadata=", "metadata[=x", "metadata[]=x", "metadata.a=x"])
def test_a_list_by_metadata_that_names_no_pair_is_refused(ask, asked: str) -> None:
    assert ask("GET", f"{JOBS}?{asked}").error["param"] == "metadata"


def test_jobs_without_metadata_are_asked_for_by_null(ask) -> None:
    assert ask("GET", f"{JOBS}?metadata=null").status == 200


@pytest.mark.parametrize(
    ("parts", "param", "code"),
    [
        ([FILE], "purpose", "missing_required_parameter"),
        ([PURPOSE], "file", "missing_required_parameter"),
        ([PURPOSE, FILE, FILE], "file", "duplicate_parameter"),
        ([PURPOSE, PURPOSE, FILE], "purpose", "duplicate_parameter"),
        ([PURPOSE, FILE, field("other", b"x")], "other", "unknown_parameter"),
        ([field("purpose", b"x" * 2000), FILE], "purpose", None),
        ([field("purpose", b"evals"), FILE], "purpose", "invalid_value"),
        ([PURPOSE, field("file", b"abc", "a\0b")], None, None),
        ([PURPOSE, ("X-Nothing: x", b"abc")], None, None),
        ([PURPOSE, ("Content-Disposition: form-data", b"abc")], None, None),
        ([PURPOSE, FILE, field("expires_after[seconds]", b"9999")], "expires_after[anchor]", "invalid_value"),
        (
            [
                PURPOSE,
                FILE,
                field("expires_after[anchor]", b"created_at"),
                field("expires_after[seconds]", b"59"),
            ],
            "expires_after[seconds]",
            "invalid_value",
        ),
    ],
)
def test_a_form_with_a_fault_is_refused_by_name_and_leaves_nothing(
    ask, trainer: TrainerProcess, parts: list[tuple[str, bytes]], param: str, code: str
) -> None:
    before = sorted((trainer.home / "files").iterdir())
    error = ask("POST", FILES, form(*parts), Content_Type=MULTIPART).error
    assert (error["param"], error["code"]) == (param, code)
    assert sorted((trainer.home / "files").iterdir()) == before


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"garbage", MULTIPART),
        (form(PURPOSE, FILE), "multipart/form-data"),
        (form(PURPOSE, FILE)[:-20], MULTIPART),
    ],
)
def test_a_form_that_can_not_be_read_is_refused(ask, body: bytes, kind: str) -> None:
    assert ask("POST", FILES, body, Content_Type=kind).status == 400


@pytest.mark.parametrize("cut", range(3, len(form(PURPOSE)) - 6))
def test_a_form_that_is_cut_anywhere_is_refused_in_words(ask, cut: int) -> None:
    error = ask("POST", FILES, form(PURPOSE)[:cut], Content_Type=MULTIPART).error
    assert error["param"] in (None, "purpose", "file")
    assert "cut short" in error["message"] or error["param"] == "file"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../x", "x"),
        ("..", "file"),
        ("a/", "a"),
        ("", "file"),
        ("é.jsonl", "é.jsonl"),
        ("y" * 300, "y" * 255),
    ],
)
def test_a_file_name_is_cut_down_to_a_name(ask, given: str, kept: str) -> None:
    answer = ask("POST", FILES, form(PURPOSE, field("file", b"abc", given)), Content_Type=MULTIPART)
    assert json.loads(answer.body)["filename"] == kept


def test_a_form_that_comes_byte_by_byte_is_understood(trainer: TrainerProcess, client: OpenAI) -> None:
    body = form(PURPOSE, field("file", b"abc", "slow.jsonl"))
    host, port = trainer.url.removeprefix("http://").removesuffix("/v1").split(":")
    head = (
        f"POST {FILES} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {trainer.key}\r\n"
        f"Content-Type: {MULTIPART}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head.encode() + body:
            connection.send(bytes([byte]))
        assert b"200 OK" in connection.makefile("rb").readline()
    until(lambda: "slow.jsonl" in [file.filename for file in client.files.list()], what="the file")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/files/..%2f..%2ftrainer.db/content", 404),
        ("/v1/files/../trainer.db", 404),
        ("/v1/files/%00", 404),
        ("/v1/files/%ff", 404),
        ("/v1/models/..%2f..", 404),
        ("/v1/models/a/b", 404),
        (f"/v1/models/{'x' * 20_000}", 404),
        ("/files", 404),
        ("/", 404),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_address_is_never_a_path(ask, path: str, status: int) -> None:
    answer = ask("GET", path)
    assert (answer.status, answer.error["type"]) == (status, "invalid_request_error")


@pytest.mark.parametrize(
    "given", ["Basic abc", "Bearer", "Bearer \xff\xfe", "sk-the-right-key", "Basic sk-the-right-key"]
)
def test_a_header_that_holds_no_key_is_401(trainer: TrainerProcess, given: str) -> None:
    answer = send(trainer.url, "GET", "/v1/models", Authorization=given)
    assert answer.status == 401
    assert answer.error["code"] in {"missing_api_key", "invalid_api_key"}


def test_a_method_that_is_not_allowed_names_those_that_are(ask) -> None:
    answer = ask("PUT", JOBS)
    assert (answer.status, answer.error["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert ask("HEAD", "/v1/models").status == 200


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
CALL = st.fixed_dictionaries(
    {}, optional={"type": st.just("function") | ANYTHING, "function": ANYTHING, "id": ANYTHING}
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]) | ANYTHING},
    optional={
        "content": ANYTHING | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": ANYTHING})),
        "tool_calls": ANYTHING | st.lists(CALL),
        **dict.fromkeys(("name", "tool_call_id", "function_call", "refusal"), ANYTHING),
    },
)
QUESTION = st.fixed_dictionaries(
    # More answers than there can be, so that no question is right.
    {"model": st.just("tiny-chat"), "n": st.just(999), "messages": ANYTHING | st.lists(MESSAGE)},
    optional=dict.fromkeys(KNOWN - {"model", "messages", "n"}, ANYTHING)
    | {
        "tools": ANYTHING
        | st.lists(st.fixed_dictionaries({"type": st.just("function"), "function": ANYTHING}))
    },
)
ORDER = st.fixed_dictionaries(
    {"model": st.just("tiny-chat") | ANYTHING, "training_file": ANYTHING},
    optional={
        **dict.fromkeys(("hyperparameters", "metadata", "suffix", "seed", "validation_file"), ANYTHING),
        "method": ANYTHING | st.fixed_dictionaries({"type": st.just("dpo") | ANYTHING, "dpo": ANYTHING}),
    },
)


RESPONSE = st.fixed_dictionaries(
    {"model": st.just("tiny-chat"), "top_p": st.just(7), "input": ANYTHING | st.lists(MESSAGE)},
    optional=dict.fromkeys(("instructions", "tools", "text", "stream", "store", "metadata"), ANYTHING),
)


@pytest.mark.parametrize(
    ("path", "bodies"),
    [(CHAT, QUESTION), (JOBS, ORDER), (RESPONSES, RESPONSE)],
    ids=["chat", "jobs", "responses"],
)
def test_no_json_at_all_brings_the_server_down(ask, path: str, bodies: st.SearchStrategy) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(bodies)
    def refused(body: dict[str, object]) -> None:
        raw = json.dumps(body).encode("utf-8", "replace")
        answer = ask("POST", path, raw, Content_Type="application/json")
        assert 400 <= answer.status < 500
        assert problem_with("POST", path, answer.status, answer.body) is None

    refused()
