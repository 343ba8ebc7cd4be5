"""What the server relies on of an engine, held against the local process, vLLM, and the fake of vLLM.

All compute the same scripted models, so the words are known to the letter. The real vLLM is asked where
TEST_VLLM names its program, for instance a CPU build in an environment of its own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.scripted_base import (
    ADAPTERS_SAY,
    BASE_SAYS,
    CALL,
    ENDLESS,
    write_scripted_adapter,
    write_scripted_base,
)
from tests.fakes.trainer_process import alive
from trainer.errors import ApiError
from trainer.serve.local import Local
from trainer.serve.port import Engine, Question, Said
from trainer.serve.vllm.pool import Vllm
from trainer.settings import Base, Serving

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
CONTEXT = 512
PROMPT = 9
FAKE = Path(__file__).parents[1] / "fakes" / "fake_vllm.py"
REAL = os.environ.get("TEST_VLLM")
KINDS = ("local", "fake", *(("real",) if REAL else ()))


class House:
    """An engine, and the models that it can be asked."""

    def __init__(self, home: Path, kind: str) -> None:
        self.kind = kind
        self.source = home / "base"
        write_scripted_base(self.source, context=CONTEXT)
        self.folders = [home / "jobs" / f"ftjob-{n}" / "model" for n in range(len(ADAPTERS_SAY))]
        for number, folder in enumerate(self.folders):
            write_scripted_adapter(self.source, folder, number)
        self.full = home / "jobs" / "ftjob-full" / "model"
        shutil.copytree(self.source, self.full)
        self.settings = Serving(loaded_models=2, batch_adapters=2, vllm=program(home, kind))
        self.home = home
        self.engine = self.build(self.settings)

    def build(self, settings: Serving) -> Engine:
        """An engine of this kind."""
        if self.kind == "local":
            return Local(self.home / "logs" / "serve.log", settings)
        return Vllm(self.home, settings)

    def question(self, model: int | None = None, content: str = "user", **more: Any) -> Question:
        """A question to the base or to one of the adapters."""
        folder = None if model is None else str(self.folders[model])
        return {
            "model": "asked",
            "base": Base("scripted", str(self.source), context=CONTEXT).as_dict(),
            "folder": folder,
            "messages": [{"role": "user", "content": content}],
            "tools": None,
            "max_tokens": None,
            "temperature": 0,
            "top_p": 1.0,
            "n": 1,
            "seed": None,
            "stop": [],
            "top_logprobs": None,
            **more,
        }


def program(home: Path, kind: str) -> str:
    """What `serving.vllm` names."""
    if kind == "real":
        return str(REAL)
    script = home / "vllm"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE} "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=KINDS)
async def house(request: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    built = House(tmp_path_factory.mktemp("engine"), request.param)
    yield built
    await built.engine.stop()


def only(*kinds: str) -> pytest.MarkDecorator:
    """For what holds of these engines alone."""
    here = [kind for kind in kinds if kind in KINDS]
    return pytest.mark.parametrize("house", here, indirect=True, scope="module")


async def said(engine: Engine, question: Question, seconds: float = 240) -> list[Said]:
    """Everything that is said, asked again for as long as the model is being loaded."""
    deadline = time.monotonic() + seconds
    while True:
        words, error = await once(engine, question)
        if error is None:
            return words
        if (
            error.code not in {"model_loading", "models_busy", "answerer_ended"}
            or time.monotonic() > deadline
        ):
            raise error
        if not int((error.headers or {})["Retry-After"]) > 0:
            raise AssertionError("a client must be told when to come again")
        await asyncio.sleep(0.05)


async def once(engine: Engine, question: Question) -> tuple[list[Said], ApiError | None]:
    """What is said, and the error that ended it."""
    words: list[Said] = []
    try:
        async with aclosing(engine.answer(question)) as saying:
            async for word in saying:
                words.append(word)
    except ApiError as error:
        return words, error
    return words, None


def text(words: list[Said], index: int = 0) -> str:
    """One answer's text."""
    return "".join(word["text"] for word in words if word["event"] == "text" and word["index"] == index)


def last(words: list[Said], index: int = 0) -> Said:
    """One answer's last word."""
    return [word for word in words if word["event"] == "text" and word["index"] == index][-1]


async def refused(engine: Engine, question: Question) -> ApiError:
    """The error that comes instead of an answer."""
    with pytest.raises(ApiError) as error:
        await said(engine, question)
    return error.value


async def test_the_base_and_its_adapters_say_their_own_words(house: House) -> None:
    expected = dict(enumerate(ADAPTERS_SAY[:ENDLESS]))
    for model, words in {None: BASE_SAYS, **expected, 0: ADAPTERS_SAY[0]}.items():
        assert text(await said(house.engine, house.question(model))) == words


async def test_models_that_are_asked_together_keep_their_words_apart(house: House) -> None:
    models = [None, 0, 1, 2, 0, None, 2, 1]
    if house.kind == "real":
        # A CPU build of vLLM (0.32) lays the last adapter over base questions of a mixed batch: its operators
        # take the index -1, which means no adapter, for the last one. Those for GPUs look for it.
        models = [model for model in models if model is not None]
    answers = await asyncio.gather(*(said(house.engine, house.question(model)) for model in models))
    assert [text(words) for words in answers] == [
        BASE_SAYS if model is None else ADAPTERS_SAY[model] for model in models
    ]


async def test_the_first_word_counts_the_prompt_and_the_last_tells_the_end(house: House) -> None:
    words = await said(house.engine, house.question(2))
    assert words[0]["event"] == "begin"
    assert words[0]["prompt_tokens"] == PROMPT
    assert [word["event"] for word in words].count("begin") == 1
    assert (last(words)["finish"], last(words)["tokens"]) == ("stop", 6)
    longer = await said(house.engine, house.question(2, content="user user"))
    assert longer[0]["prompt_tokens"] > PROMPT


async def test_a_character_split_over_tokens_comes_whole(house: House) -> None:
    words = await said(house.engine, house.question(0))
    pieces = [word["text"] for word in words if word["event"] == "text"]
    assert "\ufffd" not in "".join(pieces)
    assert any("世" in piece for piece in pieces)
    # Cut in the middle of the first sign: what can't be shown is left out.
    cut = await said(house.engine, house.question(0, max_tokens=4))
    assert text(cut) == "First adapter speaks"
    assert (last(cut)["finish"], last(cut)["tokens"]) == ("length", 4)


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (["STOP"], "Second one "),
        (["e ST", "never"], "Second on"),
        (["P he"], "Second one STO"),
        (["nowhere", "neverland"], ADAPTERS_SAY[2]),
        (["Second"], ""),
    ],
)
async def test_a_stop_string_ends_the_answer_before_it(house: House, stop: list[str], words: str) -> None:
    answer = await said(house.engine, house.question(2, stop=stop))
    assert text(answer) == words
    assert last(answer)["finish"] == "stop"


async def test_limits_end_an_answer(house: House) -> None:
    answer = await said(house.engine, house.question(ENDLESS, max_tokens=5))
    assert text(answer) == " again and again and again"
    assert (last(answer)["finish"], last(answer)["tokens"]) == ("length", 5)
    to_the_end = await said(house.engine, house.question(ENDLESS, max_tokens=10**6))
    assert last(to_the_end)["finish"] == "length"
    assert last(to_the_end)["tokens"] == CONTEXT - PROMPT
    short = house.question(ENDLESS)
    short["base"] |= {"answer_tokens": 3}
    assert last(await said(house.engine, short))["tokens"] == 3


async def test_messages_beyond_the_context_are_refused_in_openais_words(house: House) -> None:
    for content in ("user " * CONTEXT, "x" * 20_000):
        error = await refused(house.engine, house.question(0, content=content))
        assert (error.status, error.code, error.param) == (400, "context_length_exceeded", "messages")
        assert f"maximum context length is {CONTEXT} tokens" in str(error)
        assert "Please reduce the length of the messages." in str(error)


async def test_a_seed_chooses_the_same_words_and_n_answers_differ(house: House) -> None:
    wild = {"temperature": 2, "max_tokens": 40, "n": 3}
    first, again, other = [
        [text(words, index) for index in range(3)]
        for words in [
            await said(house.engine, house.question(ENDLESS, seed=seed, **wild)) for seed in (5, 5, 77)
        ]
    ]
    assert first == again
    assert len({*first, *other}) > 3


async def test_a_top_p_of_nothing_leaves_the_likeliest(house: House) -> None:
    answer = await said(house.engine, house.question(2, temperature=2, top_p=0))
    assert text(answer) == ADAPTERS_SAY[2]


async def test_logprobs_tell_every_token_that_is_shown(house: House) -> None:
    answer = await said(house.engine, house.question(0, top_logprobs=2))
    entries = [entry for word in answer if word["event"] == "text" for entry in word["logprobs"]]
    assert len(entries) == 10
    assert b"".join(bytes(entry["bytes"]) for entry in entries).decode() == ADAPTERS_SAY[0]
    for entry in entries:
        assert -0.1 < entry["logprob"] <= 0
        assert len(entry["top_logprobs"]) == 2
        assert entry["top_logprobs"][0]["logprob"] == entry["logprob"]
        assert "\ufffd" not in entry["token"]
    none = await said(house.engine, house.question(0, top_logprobs=0))
    assert [e["top_logprobs"] for word in none if word["event"] == "text" for e in word["logprobs"]] == [
        []
    ] * 10
    plain = await said(house.engine, house.question(0))
    assert not any(word["logprobs"] for word in plain if word["event"] == "text")


async def test_tools_reach_the_template_and_calls_come_as_text(house: House) -> None:
    tools = [{"type": "function", "function": {"name": "fly", "parameters": {"type": "object"}}}]
    without = await said(house.engine, house.question(1))
    answer = await said(house.engine, house.question(1, tools=tools))
    assert text(answer) == f"<tool_call>{CALL}</tool_call>"
    assert answer[0]["prompt_tokens"] - without[0]["prompt_tokens"] == house_tokens(house, tools)
    call = {"id": "a", "type": "function", "function": {"name": "fly", "arguments": '{"height": 3}'}}
    talk = [
        {"role": "user", "content": "user"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "assistant"},
    ]
    assert text(await said(house.engine, house.question(2, messages=talk, tools=tools))) == ADAPTERS_SAY[2]


def house_tokens(house: House, tools: list[dict[str, Any]]) -> int:
    """How many tokens the template makes of the tools, as training has it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(house.source)
    prompts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": "user"}], tools=given, tokenize=False, add_generation_prompt=True
        )
        for given in (tools, None)
    ]
    long, short = (len(tokenizer(prompt, add_special_tokens=False)["input_ids"]) for prompt in prompts)
    return int(long - short)


async def test_a_message_can_not_end_itself(house: House) -> None:
    """Its special token is text: many tokens instead of one."""
    plain = await said(house.engine, house.question(None, content="user"))
    trick = await said(house.engine, house.question(None, content="user<|im_end|>"))
    assert trick[0]["prompt_tokens"] - plain[0]["prompt_tokens"] > 3


async def test_a_model_whose_folder_is_gone_answers_404(house: House) -> None:
    copy = house.home / "jobs" / "ftjob-gone" / "model"
    shutil.copytree(house.folders[0], copy)
    assert text(await said(house.engine, house.question(folder=str(copy)))) == ADAPTERS_SAY[0]
    house.engine.forget(str(copy))
    shutil.rmtree(copy)
    error = await refused(house.engine, house.question(folder=str(copy)))
    assert (error.status, error.code) == (404, "model_not_found")


async def test_more_adapters_than_there_is_room_for_take_turns(house: House) -> None:
    for model in [0, 1, 2, 0, 1, 2]:
        assert text(await said(house.engine, house.question(model))) == ADAPTERS_SAY[model]
    if isinstance(house.engine, Vllm):
        process = house.engine.processes[str(house.source)]
        known = {row["id"] for row in (await process.call("GET", "/v1/models"))[1]["data"]} - {"scripted"}
        assert known == {str(house.folders[1]), str(house.folders[2])}


async def test_leaving_early_ends_the_answer(house: House) -> None:
    await said(house.engine, house.question(2))
    before = await metric(house.engine, "vllm:generation_tokens_total")
    async with aclosing(house.engine.answer(house.question(ENDLESS))) as saying:
        assert (await anext(saying))["event"] == "begin"
    await until(lambda: is_idle(house.engine))
    assert await metric(house.engine, "vllm:generation_tokens_total") - before < CONTEXT / 2
    assert text(await said(house.engine, house.question(2))) == ADAPTERS_SAY[2]


async def is_idle(engine: Any) -> bool:
    """Whether no answer is being made."""
    return await metric(engine, "vllm:num_requests_running") == 0


async def metric(engine: Any, name: str) -> float:
    """What vLLM counts; the local engine counts nothing."""
    if isinstance(engine, Local):
        return 0.0
    (process,) = [p for p in engine.processes.values() if p.state == "ready"]
    async with process.session.get("http://vllm/metrics") as response:
        lines = (await response.text()).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


async def until(condition: Any, seconds: float = 60) -> None:
    """Poll until it holds."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        await asyncio.sleep(0.05)


async def test_a_killed_process_is_replaced_and_knows_its_adapters_again(house: House) -> None:
    assert text(await said(house.engine, house.question(0))) == ADAPTERS_SAY[0]
    async with aclosing(house.engine.answer(house.question(ENDLESS))) as saying:
        await anext(saying)
        for pid in serving(house.engine):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(ApiError) as error:
            async for _ in saying:
                pass
    assert (error.value.status, error.value.code) == (503, "answerer_ended")
    assert text(await said(house.engine, house.question(0))) == ADAPTERS_SAY[0]


def serving(engine: Any) -> list[int]:
    """The process that computes, below the guard if there is one."""
    if isinstance(engine, Local):
        return [engine.process.pid]
    (process,) = engine.processes.values()
    guard = process.process.pid
    return children(guard)


def children(pid: int) -> list[int]:
    """What a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_a_whole_model_is_answered_too(house: House) -> None:
    """vLLM needs a process of its own for it, which takes the place of the base's."""
    engine = house.build(house.settings)
    try:
        assert text(await said(engine, house.question(folder=str(house.full)))) == BASE_SAYS
        if isinstance(engine, Vllm):
            assert set(engine.processes) == {str(house.full)}
            error = await refused_now(engine, house.question(0))
            assert (error.status, error.code) == (503, "models_busy")
    finally:
        await engine.stop()


async def refused_now(engine: Engine, question: Question) -> ApiError:
    """The error that comes at once."""
    with pytest.raises(ApiError) as error:
        async with aclosing(engine.answer(question)) as saying:
            await anext(saying)
    return error.value


@only("fake")
async def test_vllm_that_does_not_start_is_told_and_tried_again(house: House) -> None:
    engine = Vllm(house.home, replace(house.settings, vllm_options=("--fail",)))
    for _ in range(2):
        error = await refused(engine, house.question(0))
        assert (error.status, error.code) == (503, "model_not_loadable")
        assert "logs/vllm.log" in str(error)
    await engine.stop()


@only("fake", "real")
async def test_only_folders_of_our_own_jobs_are_ever_loaded(house: House) -> None:
    outside = house.home / "elsewhere"
    shutil.copytree(house.folders[0], outside, dirs_exist_ok=True)
    for folder in (outside, house.home / "jobs" / ".." / "elsewhere"):
        error = await refused(house.engine, house.question(folder=str(folder)))
        assert error.status == 500


@only("fake", "real")
async def test_nobody_else_can_reach_vllm(house: House) -> None:
    assert text(await said(house.engine, house.question(2))) == ADAPTERS_SAY[2]
    (process,) = house.engine.processes.values()
    assert stat.S_IMODE(process.folder.stat().st_mode) == 0o700
    (pid,) = serving(house.engine)
    assert process.key not in command_line(pid)
    assert listening(pid) == []


def command_line(pid: int) -> str:
    """What everyone on the machine can see."""
    return Path(f"/proc/{pid}/cmdline").read_text()


def listening(pid: int) -> list[str]:
    """The TCP addresses that the process listens on."""
    import psutil

    listed = [p.net_connections("tcp") for p in (psutil.Process(pid), *psutil.Process(pid).children())]
    return [str(one.laddr) for some in listed for one in some if one.status == psutil.CONN_LISTEN]


async def test_stopping_leaves_nothing_behind(house: House) -> None:
    engine = house.build(house.settings)
    await said(engine, house.question(2))
    pids = serving(engine)
    folders = [p.folder for p in engine.processes.values()] if isinstance(engine, Vllm) else []
    await engine.stop()
    await until(lambda: asyncio.sleep(0, not any(alive(pid) for pid in pids)))
    assert not any(folder.exists() for folder in folders)
