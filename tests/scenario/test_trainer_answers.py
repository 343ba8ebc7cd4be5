"""Chat completions through the front door, by the local engine and by (a fake) vLLM."""

import shutil
import stat
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.fakes.scripted_base import (
    ADAPTERS_SAY,
    BASE_SAYS,
    CALL,
    ENDLESS,
    write_scripted_adapter,
    write_scripted_base,
)
from tests.fakes.small_base import section
from tests.fakes.trainer_process import ROOT, TrainerProcess, alive, running_trainer, until
from trainer.store import Model, Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
#: So long that the endless answer outlasts every test.
CONTEXT = 100_000
TOOL = {"type": "function", "function": {"name": "fly", "parameters": {"type": "object"}}}
ASKED = [{"role": "user", "content": "user"}]


def name(number: int) -> str:
    return f"ft:scripted:local:a{number}:x"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base and its adapters, made once."""
    made = tmp_path_factory.mktemp("models")
    write_scripted_base(made / "base", context=CONTEXT)
    for number in range(len(ADAPTERS_SAY)):
        write_scripted_adapter(made / "base", made / str(number), number)
    return made


def house(home: Path, models: Path, engine: str, **serving: object) -> str:
    """A home whose models were made earlier; returns the trainer.toml to start with."""
    store = Store(home)
    for number in range(len(ADAPTERS_SAY)):
        folder = f"jobs/ftjob-{number}/model"
        shutil.copytree(models / str(number), home / folder)
        store.add(
            Model(name(number), "default", 1_700_000_000 + number, "scripted", f"ftjob-{number}", folder)
        )
    store.close()
    fake = home.parent / "vllm"
    fake.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "tests/fakes/fake_vllm.py"} "$@"\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    lines = ["[serving]", f'engine = "{engine}"', f'vllm = "{fake}"']
    lines += [f"{key} = {value}" for key, value in serving.items()]
    base = section("scripted", models / "base").replace("context = 256", f"context = {CONTEXT}")
    return "\n".join(lines) + "\n" + base


def wait_until_loaded(client: openai.OpenAI) -> None:
    """Ask until it isn't 503 any more, as the SDK does by itself when it may."""

    def answers() -> bool:
        try:
            client.chat.completions.create(model="scripted", messages=ASKED, temperature=0)
        except openai.InternalServerError as error:
            if error.code != "model_loading":
                raise
            return False
        return True

    until(answers, 60, "the model's loading")


@pytest.fixture(scope="module", params=["local", "vllm"])
def trainer(
    request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TrainerProcess]:
    home = tmp_path_factory.mktemp("answers") / "home"
    with running_trainer(home, config=house(home, models, request.param)) as process:
        wait_until_loaded(process.client())
        yield process


def test_whole_answers_fit_the_types(trainer: TrainerProcess) -> None:
    client = trainer.client()
    question = {"messages": ASKED, "temperature": 0, "logprobs": True, "top_logprobs": 1, "n": 2}
    raw = client.chat.completions.with_raw_response.create(model=name(0), **question)
    whole = ChatCompletion.model_validate_json(raw.text, strict=True)
    assert [choice.message.content for choice in whole.choices] == [ADAPTERS_SAY[0]] * 2
    assert [choice.finish_reason for choice in whole.choices] == ["stop"] * 2
    assert len(whole.choices[1].logprobs.content) == 10
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (9, 22)
    assert whole.id.startswith("chatcmpl-")
    assert whole.model == name(0)


def test_streams_make_the_same_answer_and_end_with_the_usage(trainer: TrainerProcess) -> None:
    client = trainer.client()
    chunks: list[ChatCompletionChunk] = list(
        client.chat.completions.create(
            model="scripted",
            messages=ASKED,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == BASE_SAYS
    assert not any("\ufffd" in piece for piece in pieces)
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 9 + chunks[-1].usage.completion_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]][-1] == "stop"
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_tool_call_is_a_call_whole_and_streamed(trainer: TrainerProcess) -> None:
    question = {"model": name(1), "messages": ASKED, "temperature": 0, "tools": [TOOL]}
    client = trainer.client()
    (choice,) = client.chat.completions.create(**question).choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert choice.message.tool_calls[0].function.name == "fly"
    with client.chat.completions.stream(**question) as stream:
        (call,) = stream.get_final_completion().choices[0].message.tool_calls
    assert call.function.arguments == '{"height": 3}'
    without = client.chat.completions.create(**{**question, "tools": openai.omit})
    assert without.choices[0].message.content == f"<tool_call>{CALL}</tool_call>"


def test_what_is_too_long_is_refused_whole_and_streamed(trainer: TrainerProcess) -> None:
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as error:
            trainer.client().chat.completions.create(
                model=name(0), messages=[{"role": "user", "content": "user " * CONTEXT}], stream=stream
            )
        assert (error.value.code, error.value.param) == ("context_length_exceeded", "messages")
        assert error.value.type == "invalid_request_error"


def test_many_at_once_get_what_they_asked(trainer: TrainerProcess) -> None:
    client = trainer.client()

    def ask(number: int) -> str:
        model = "scripted" if number % 4 == 3 else name(number % 4 % ENDLESS)
        answer = client.chat.completions.create(model=model, messages=ASKED, temperature=0)
        return str(answer.choices[0].message.content)

    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(ask, range(24)))
    assert said == [BASE_SAYS if n % 4 == 3 else ADAPTERS_SAY[n % 4] for n in range(24)]


def test_a_deleted_model_answers_404_and_its_running_answer_ends_as_asked(trainer: TrainerProcess) -> None:
    client = trainer.client()
    stream = iter(client.chat.completions.create(model=name(2), messages=ASKED, temperature=0, stream=True))
    first = next(stream)
    client.models.delete(name(2))
    with pytest.raises(openai.NotFoundError) as error:
        client.chat.completions.create(model=name(2), messages=ASKED)
    assert error.value.code == "model_not_found"
    rest = [first, *stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in rest)
    assert text == ADAPTERS_SAY[2]


@pytest.fixture
def narrow(models: Path, tmp_path: Path) -> Iterator[TrainerProcess]:
    """A trainer that makes one answer at a time."""
    home = tmp_path / "home"
    with running_trainer(home, config=house(home, models, "local", places=1)) as process:
        yield process


def test_leaving_frees_the_place_and_deleting_answers_those_who_wait(narrow: TrainerProcess) -> None:
    client = narrow.client()
    endless = client.chat.completions.create(model=name(ENDLESS), messages=ASKED, temperature=0, stream=True)
    assert next(iter(endless)).choices
    refused: list[openai.APIError] = []

    def wait_for_the_place() -> None:
        try:
            client.chat.completions.create(model=name(0), messages=ASKED)
        except openai.APIError as error:
            refused.append(error)

    waiting = threading.Thread(target=wait_for_the_place)
    waiting.start()
    waiting.join(0.5)
    assert waiting.is_alive()
    client.models.delete(name(0))
    waiting.join(10)
    assert [type(error) for error in refused] == [openai.NotFoundError]
    endless.close()
    answer = client.chat.completions.create(model=name(2), messages=ASKED, temperature=0)
    assert answer.choices[0].message.content == ADAPTERS_SAY[2]


def test_vllm_starts_with_the_first_question_and_never_outlives_the_server(
    models: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with running_trainer(home, config=house(home, models, "vllm")) as trainer:
        client = trainer.client()
        with pytest.raises(openai.InternalServerError) as error:
            client.chat.completions.create(model=name(0), messages=ASKED)
        assert (error.value.status_code, error.value.code) == (503, "model_loading")
        assert int(error.value.response.headers["Retry-After"]) > 0
        wait_until_loaded(client)
        guards = [pid for pid in trainer.children() if "vllm" in command_line(pid)]
        assert len(guards) >= 2, "the guard and what it guards"
        trainer.kill()
        until(lambda: not any(alive(pid) for pid in guards), 10, "vLLM's end")


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_vllm_that_must_be_there_and_isnt_is_told_at_the_start(tmp_path: Path) -> None:
    from trainer.__main__ import main

    config = tmp_path / "trainer.toml"
    config.write_text('[serving]\nengine = "vllm"\nvllm = "no-such-program"\n[bases.a]\nsource = "tiny"\n')
    status = main(["--port", "0", "--home", str(tmp_path / "home"), "--config", str(config)])
    assert status == 2
