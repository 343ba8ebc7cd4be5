"""The whole cycle with real training: upload, train, follow, ask, delete, through the unchanged SDK."""

import base64
import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

from tests.fakes.trainer_process import TrainerProcess, alive, headlines, running_trainer, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
ROWS = [json.loads(line)["messages"] for line in headlines(24).splitlines()]


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    with running_trainer(tmp_path_factory.mktemp("cycle") / "home") as process:
        yield process


@pytest.fixture(scope="module")
def job(trainer: TrainerProcess) -> FineTuningJob:
    """A job that succeeded, told in the SDK's strict types."""
    client = trainer.client()
    file = client.files.create(file=("train.jsonl", headlines(24)), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="tiny-chat", training_file=file.id, suffix="sport", seed=1)
    # The answering process starts while the job trains: a question must not wait for the training.
    client.chat.completions.create(model="tiny-chat", messages=ROWS[0][:1], max_tokens=2)
    estimates: list[int | None] = []

    def over() -> bool:
        now = client.fine_tuning.jobs.retrieve(job.id)
        estimates.append(now.estimated_finish)
        return now.status in {"succeeded", "failed"}

    until(over, 120, "the job's end")
    raw = client.fine_tuning.jobs.with_raw_response.retrieve(job.id)
    job = FineTuningJob.model_validate_json(raw.text, strict=True)
    assert job.status == "succeeded", job.error
    assert any(estimates)
    return job


def test_what_succeeded_says_everything(trainer: TrainerProcess, job: FineTuningJob) -> None:
    client = trainer.client()
    assert job.fine_tuned_model.startswith("ft:tiny-chat:local:sport:")
    assert job.trained_tokens > 24 * 10
    assert job.finished_at >= job.created_at
    assert isinstance(job.hyperparameters.n_epochs, int)
    content = base64.b64decode(client.files.content(job.result_files[0]).content).decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    assert float(rows[0]["train_loss"]) > 1
    assert float(rows[-1]["train_loss"]) < 0.2
    assert float(rows[-1]["train_accuracy"]) > 0.9


def test_the_events_tell_the_story_in_order(trainer: TrainerProcess, job: FineTuningJob) -> None:
    client = trainer.client()
    raw = client.fine_tuning.jobs.with_raw_response.list_events(job.id, limit=5)
    for event in json.loads(raw.text)["data"]:
        FineTuningJobEvent.model_validate(event, strict=True)
    events = list(client.fine_tuning.jobs.list_events(job.id, limit=7))[::-1]
    story = [
        event.message.partition(":")[0].rstrip("0123456789 ") for event in events if event.type == "message"
    ]
    assert story == [
        "Created fine-tuning job",
        "Validating training file",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        "Hyperparameters",
        *["Checkpoint created at step"] * 3,
        "New fine-tuned model created",
        "The job has successfully completed",
    ]
    steps = [event.data["step"] for event in events if event.type == "metrics"]
    assert steps == sorted(set(steps))
    assert len(steps) > 10
    metrics = next(event for event in events if event.type == "metrics")
    assert metrics.data.keys() == {"step", "total_steps", "train_loss", "train_mean_token_accuracy"}


def test_the_tuned_model_knows_what_it_was_taught(trainer: TrainerProcess, job: FineTuningJob) -> None:
    client = trainer.client()

    def ask(model: str, question: str) -> str:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": question}], temperature=0, max_tokens=5
        )
        return answer.choices[0].message.content

    right = [ask(job.fine_tuned_model, user["content"]) == answer["content"] for user, answer in ROWS]
    assert sum(right) >= 23
    assert ask("tiny-chat", ROWS[0][0]["content"]) != ROWS[0][1]["content"]


def test_checkpoints_are_models_that_answer(trainer: TrainerProcess, job: FineTuningJob) -> None:
    client = trainer.client()
    raw = client.fine_tuning.jobs.checkpoints.with_raw_response.list(job.id)
    points = [
        FineTuningJobCheckpoint.model_validate(item, strict=True) for item in json.loads(raw.text)["data"]
    ]
    assert [point.step_number for point in points] == sorted({p.step_number for p in points}, reverse=True)
    assert len(points) == 3
    name = points[0].fine_tuned_model_checkpoint
    assert name == f"{job.fine_tuned_model}:ckpt-step-{points[0].step_number}"
    assert client.chat.completions.create(
        model=name, messages=ROWS[0][:1], temperature=0, max_tokens=5
    ).choices
    assert client.models.retrieve(name).id == name


def test_an_answer_fits_the_types_whole_and_streamed(trainer: TrainerProcess, job: FineTuningJob) -> None:
    client = trainer.client()
    question = {"model": job.fine_tuned_model, "messages": ROWS[1][:1], "temperature": 0}
    raw = client.chat.completions.with_raw_response.create(**question, logprobs=True, top_logprobs=2, n=2)
    whole = ChatCompletion.model_validate_json(raw.text, strict=True)
    assert [choice.message.content for choice in whole.choices] == [ROWS[1][1]["content"]] * 2
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    scored = whole.choices[0].logprobs.content[0]
    assert scored.logprob > -0.5
    assert len(scored.top_logprobs) == 2
    chunks: list[ChatCompletionChunk] = list(
        client.chat.completions.create(**question, stream=True, stream_options={"include_usage": True})
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == ROWS[1][1]["content"]
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_limits_seeds_and_stops_are_kept(trainer: TrainerProcess, job: FineTuningJob) -> None:
    client = trainer.client()
    base = {"model": "tiny-chat", "messages": ROWS[0][:1]}
    cut = client.chat.completions.create(**base, max_completion_tokens=3)
    assert (cut.choices[0].finish_reason, cut.usage.completion_tokens) == ("length", 3)
    twice = [client.chat.completions.create(**base, seed=5, max_tokens=20) for _ in range(2)]
    assert twice[0].choices[0].message.content == twice[1].choices[0].message.content
    tuned = {"model": job.fine_tuned_model, "messages": ROWS[0][:1], "temperature": 0}
    stopped = client.chat.completions.create(**tuned, stop=ROWS[0][1]["content"][1:3])
    assert stopped.choices[0].message.content == ROWS[0][1]["content"][:1]
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(
            model="tiny-chat", messages=[{"role": "user", "content": "word " * 3000}]
        )
    assert error.value.code == "context_length_exceeded"


def test_a_killed_answering_process_is_replaced(trainer: TrainerProcess, job: FineTuningJob) -> None:
    client = trainer.client()
    question = {"model": job.fine_tuned_model, "messages": ROWS[0][:1], "temperature": 0}
    client.chat.completions.create(**question)
    answering = [
        pid for pid in trainer.children() if b"trainer.serve" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(answering[0], 9)
    until(lambda: answering[0] not in trainer.children(), what="the process's end")
    assert client.chat.completions.create(**question).choices[0].message.content == ROWS[0][1]["content"]


def test_a_model_can_be_tuned_further_and_a_deleted_model_answers_404(
    trainer: TrainerProcess, job: FineTuningJob
) -> None:
    client = trainer.client()
    further = client.fine_tuning.jobs.create(
        model=job.fine_tuned_model,
        training_file=job.training_file,
        hyperparameters={"n_epochs": 1, "batch_size": 12},
    )
    until(lambda: client.fine_tuning.jobs.retrieve(further.id).status == "succeeded", 60, "the second job")
    events = client.fine_tuning.jobs.list_events(further.id, limit=100)
    losses = [event.data["train_loss"] for event in events if event.type == "metrics"]
    assert max(losses) < 0.5
    client.models.delete(job.fine_tuned_model)
    for call in (
        lambda: client.chat.completions.create(model=job.fine_tuned_model, messages=ROWS[0][:1]),
        lambda: client.models.retrieve(job.fine_tuned_model),
    ):
        with pytest.raises(openai.NotFoundError) as error:
            call()
        assert error.value.code == "model_not_found"


def test_stopping_leaves_no_process_behind(trainer: TrainerProcess, job: FineTuningJob) -> None:
    client = trainer.client()
    client.chat.completions.create(model="tiny-chat", messages=ROWS[0][:1], max_tokens=1)
    children = trainer.children()
    assert children
    assert trainer.stop() == 0
    until(lambda: not any(alive(pid) for pid in children), 5, "the children's end")
