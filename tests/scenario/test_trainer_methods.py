"""What a job may be besides supervised training of the tiny base: preferences, LoRA, a validation file."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob

from tests.fakes.small_base import section, write_small_base
from tests.fakes.trainer_process import TrainerProcess, headlines, running_trainer, settings_text, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
QUESTION = [{"role": "user", "content": "goal number 2"}]


def preferences(count: int = 12) -> bytes:
    row = {
        "input": {"messages": [{"role": "user", "content": "Sports or Business?"}]},
        "preferred_output": [{"role": "assistant", "content": "Sports"}],
        "non_preferred_output": [{"role": "assistant", "content": "Business"}],
    }
    return b"\n".join([json.dumps(row).encode()] * count)


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    folder = tmp_path_factory.mktemp("methods")
    write_small_base(folder / "small", [headlines(24).decode()])
    config = settings_text(training={"concurrent": 2, "threads": 1})
    config += section(
        "small", folder / "small", tuning="lora", learning_rate=1.5e-3, batch_size=4, lora_rank=4
    )
    config += section("wild", "tiny", tuning="full", learning_rate=1.0)
    config += section("missing", folder / "nowhere", tuning="lora")
    with running_trainer(folder / "home", config=config) as process:
        yield process


def upload(client: OpenAI, content: bytes) -> str:
    return client.files.create(file=("rows.jsonl", content), purpose="fine-tune").id


def ended(client: OpenAI, job_id: str) -> FineTuningJob:
    def over() -> FineTuningJob | None:
        job = client.fine_tuning.jobs.retrieve(job_id)
        return job if job.status in {"succeeded", "failed"} else None

    return until(over, 90, f"the end of {job_id}")


def test_lora_with_a_validation_file_and_then_preferences(trainer: TrainerProcess) -> None:
    client = trainer.client()
    job = client.fine_tuning.jobs.create(
        model="small",
        training_file=upload(client, headlines(24)),
        validation_file=upload(client, headlines(6)),
        hyperparameters={"n_epochs": 8},
    )
    tiny = client.fine_tuning.jobs.create(
        model="tiny-chat",
        training_file=upload(client, preferences()),
        method={"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 4, "batch_size": 4, "beta": 0.3}}},
    )
    job = ended(client, job.id)
    assert job.status == "succeeded", job.error
    check_validation_metrics(client, job)
    check_adapters(client, trainer, job)
    tiny = ended(client, tiny.id)
    assert tiny.status == "succeeded", tiny.error
    assert tiny.method.dpo.hyperparameters.beta == 0.3
    events = [e.data for e in client.fine_tuning.jobs.list_events(tiny.id) if e.type == "metrics"]
    assert events[0]["train_reward_accuracy"] == 1
    assert events[0]["train_reward_margin"] > 0

    further = client.fine_tuning.jobs.create(
        model=job.fine_tuned_model,
        training_file=upload(client, preferences()),
        method={"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 2, "batch_size": 4}}},
    )
    further = ended(client, further.id)
    assert further.status == "succeeded", further.error


def check_validation_metrics(client: OpenAI, job: FineTuningJob) -> None:
    metrics = [e.data for e in client.fine_tuning.jobs.list_events(job.id) if e.type == "metrics"]
    full = [data for data in metrics if "full_valid_loss" in data]
    assert len(full) == 8
    assert full[0]["full_valid_loss"] < full[-1]["full_valid_loss"]
    assert "full_valid_mean_token_accuracy" in full[0]
    assert any("valid_loss" in data for data in metrics)
    points = client.fine_tuning.jobs.checkpoints.list(job.id).data
    assert all(point.metrics.full_valid_loss is not None for point in points)
    header = base64.b64decode(client.files.content(job.result_files[0]).content).splitlines()[0]
    assert header.endswith(b"full_valid_loss,full_valid_mean_token_accuracy")


def check_adapters(client: OpenAI, trainer: TrainerProcess, job: FineTuningJob) -> None:
    saved = trainer.home / "jobs" / job.id / "model"
    assert (saved / "adapter_config.json").exists()
    assert not (saved / "model.safetensors").exists()
    points = [p.fine_tuned_model_checkpoint for p in client.fine_tuning.jobs.checkpoints.list(job.id)]

    def score(model: str) -> float:
        answer = client.chat.completions.create(
            model=model, messages=QUESTION, temperature=0, max_tokens=1, logprobs=True, top_logprobs=20
        )
        return answer.choices[0].logprobs.content[0].logprob

    models = ["small", job.fine_tuned_model, points[-1]]
    alone = [score(model) for model in models]
    assert len(set(alone)) == 3
    assert [score(model) for model in reversed(models)] == alone[::-1]


def test_a_base_that_cannot_be_loaded_fails_in_words(trainer: TrainerProcess) -> None:
    client = trainer.client()
    broken = client.fine_tuning.jobs.create(model="missing", training_file=upload(client, headlines(12)))
    broken = ended(client, broken.id)
    assert (broken.status, broken.error.code) == ("failed", "invalid_model")
    assert "the base 'missing' can't be loaded from its folder" in broken.error.message
    assert str(trainer.home.parent) not in broken.error.message


def test_a_diverging_run_is_stopped(trainer: TrainerProcess) -> None:
    client = trainer.client()
    file = upload(client, headlines(24))
    job = ended(client, client.fine_tuning.jobs.create(model="wild", training_file=file).id)
    assert (job.status, job.error.code) == ("failed", "training_diverged")
    assert "Try a smaller learning rate" in job.error.message


def test_a_lack_of_memory_and_a_full_disk_are_told_in_words(tmp_path: Path) -> None:
    config = settings_text(training={"threads": 1})
    with running_trainer(
        tmp_path / "home", config=config, largest_file=3_000_000, memory=3_000_000_000
    ) as full:
        client = full.client()
        wide = client.fine_tuning.jobs.create(
            model="tiny-chat",
            training_file=upload(client, headlines(96).replace(b"number", b"number " * 900)),
            hyperparameters={"n_epochs": 1, "batch_size": 96},
        )
        wide = ended(client, wide.id)
        assert (wide.status, wide.error.code) == ("failed", "out_of_memory")
        assert "Try a smaller batch size" in wide.error.message
        file = upload(client, headlines(12))
        options = {"n_epochs": 1, "batch_size": 12}
        job = client.fine_tuning.jobs.create(model="tiny-chat", training_file=file, hyperparameters=options)
        job = ended(client, job.id)
        assert (job.status, job.error.code) == ("failed", "disk_full")
        assert "Free some space" in job.error.message
        assert list((full.home / "jobs" / job.id / "checkpoints").iterdir()) == []
        with pytest.raises(openai.APIStatusError) as error:
            upload(client, b"x" * 4_000_000)
        assert (error.value.status_code, error.value.code) == (507, "disk_full")


TOOLS = [{"type": "function", "function": {"name": "fly", "parameters": {"type": "object"}}}]


def flights(count: int = 12) -> bytes:
    rows = []
    for i in range(count):
        function = {"name": "fly", "arguments": json.dumps({"height": i % 3})}
        call = {"id": f"call_{i}", "type": "function", "function": function}
        asked = {"role": "user", "content": f"fly to height {i % 3}"}
        rows.append({"messages": [asked, {"role": "assistant", "tool_calls": [call]}], "tools": TOOLS})
    return b"\n".join(json.dumps(row).encode() for row in rows)


def test_tool_calls_are_learned_and_answered_as_objects_whole_and_streamed(trainer: TrainerProcess) -> None:
    client = trainer.client()
    job = client.fine_tuning.jobs.create(
        model="tiny-chat",
        training_file=upload(client, flights()),
        hyperparameters={"n_epochs": 30, "batch_size": 4},
    )
    question = {
        "model": ended(client, job.id).fine_tuned_model,
        "messages": [{"role": "user", "content": "fly to height 2"}],
        "tools": TOOLS,
        "temperature": 0,
    }
    choice = client.chat.completions.create(**question).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert [(c.function.name, c.function.arguments) for c in choice.message.tool_calls] == [
        ("fly", '{"height": 2}')
    ]
    with client.chat.completions.stream(**question) as stream:
        final = stream.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls"
    assert final.message.tool_calls[0].function.arguments == '{"height": 2}'
    plain = client.chat.completions.create(**question, tool_choice="none").choices[0]
    assert plain.message.tool_calls is None
