"""Parameters of another type than OpenAI's are refused by name, those that change nothing too."""

import json
from typing import Any

import pytest
from openai import OpenAI

from tests.fakes.raw_http import send
from tests.fakes.trainer_process import TrainerProcess, headlines

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
JOBS, UPLOADS = "/v1/fine_tuning/jobs", "/v1/uploads"
BOOKKEEPING = [
    *({"metadata": value} for value in (5, "x", [[]], {"a": 1}, {"k" * 65: "v"}, {"k": "v" * 513})),
    *({"user": value} for value in (5, [])),
    *({"safety_identifier": value} for value in (5, "x" * 65)),
    *({"prompt_cache_key": value} for value in (5, {})),
    *({"prompt_cache_retention": value} for value in (5, "x")),
    *({"prompt_cache_options": value} for value in (5, {"mode": "x"}, {"ttl": 5}, {"a": 1})),
    *({"service_tier": value} for value in ("x", 5, [], "flex", "priority")),
    *({"parallel_tool_calls": value} for value in ("x", 0)),
]
IGNORED = [
    *({"response_format": value} for value in (0, "", [], {}, {"type": 5})),
    *({"stop": value} for value in (0, False, {}, [], [5], ["a"] * 5)),
    *({"functions": value} for value in ([], 5)),
    *({name: False} for name in ("presence_penalty", "frequency_penalty", "top_logprobs")),
    *({"store": value} for value in (0, "")),
    {"stream": True, "stream_options": {"include_obfuscation": "x"}},
]


def ids_of(change: dict[str, Any]) -> str:
    return json.dumps(change)[:40]


@pytest.fixture
def refusal(trainer: TrainerProcess):
    def refusal(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = send(trainer.url, "POST", path, json.dumps(body).encode(), key=trainer.key)
        assert answer.status == 400, answer
        return answer.error

    return refusal


@pytest.mark.parametrize("change", [*BOOKKEEPING, *IGNORED], ids=ids_of)
def test_a_question_with_a_parameter_of_another_type_is_refused(refusal, change: dict[str, Any]) -> None:
    messages = [{"role": "user", "content": "x"}]
    error = refusal(CHAT, {"model": "tiny-chat", "messages": messages, **change})
    assert error["param"].partition(".")[0] == [*change][-1]


@pytest.mark.parametrize("change", BOOKKEEPING, ids=ids_of)
def test_so_is_one_at_the_other_address(refusal, change: dict[str, Any]) -> None:
    error = refusal(RESPONSES, {"model": "tiny-chat", "input": "x", "top_p": 7, **change})
    assert error["param"].partition(".")[0] == [*change][-1]


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"a": "b"}, "user": "ada", "safety_identifier": "x" * 64, "service_tier": "auto"},
        {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}, "prompt_cache_retention": "24h"},
        {"parallel_tool_calls": False, "presence_penalty": 0.0, "stop": "a", "modalities": ["text"]},
        {"response_format": {"type": "text"}, "store": False, "reasoning_effort": "none"},
        dict.fromkeys(("metadata", "user", "stop", "store", "response_format", "functions", "tools")),
    ],
    ids=ids_of,
)
def test_what_has_its_type_and_asks_for_nothing_is_taken(refusal, change: dict[str, Any]) -> None:
    messages = [{"role": "user", "content": "x"}]
    error = refusal(CHAT, {"model": "tiny-chat", "messages": messages, "n": 999, **change})
    assert error["param"] == "n"


@pytest.fixture(scope="module")
def training_file(trainer: TrainerProcess) -> str:
    client: OpenAI = trainer.client()
    return client.files.create(file=("a", headlines()), purpose="fine-tune").id


@pytest.mark.parametrize(
    ("change", "param"),
    [
        *(({"validation_file": value}, "validation_file") for value in (0, False, [], {}, "")),
        *(({"integrations": value}, "integrations") for value in (0, "", {}, [{"type": "wandb"}])),
        ({"hyperparameters": "junk"}, "hyperparameters"),
        ({"hyperparameters": {"n_epochs": 99}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": 3}}, "hyperparameters.n_epochs"),
        ({"metadata": {"a": 5}}, "metadata"),
    ],
    ids=str,
)
def test_a_job_with_a_parameter_of_another_type_is_refused(
    refusal, training_file: str, change: dict[str, Any], param: str
) -> None:
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}
    order = {"model": "tiny-chat", "training_file": training_file, "method": method}
    assert refusal(JOBS, {**order, **change})["param"] == param


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({}, "expires_after[anchor]"),
        ({"a": 1}, "expires_after.a"),
        (0, "expires_after"),
        ("", "expires_after"),
        ({"anchor": "created_at"}, "expires_after[seconds]"),
        ({"anchor": "created_at", "seconds": "3600"}, "expires_after.seconds"),
    ],
    ids=str,
)
def test_an_upload_that_ends_at_no_time_is_refused(refusal, given: object, param: str) -> None:
    announced = {"filename": "a", "mime_type": "text/plain", "purpose": "user_data", "bytes": 3}
    assert refusal(UPLOADS, {**announced, "expires_after": given})["param"] == param
