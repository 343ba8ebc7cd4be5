"""The openai SDK, unchanged, against a real server; every body must fit the SDK's types strictly."""

import json
import socket
import urllib.request

import openai
import pytest
from openai import OpenAI
from openai.types import FileDeleted, FileObject, Model
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent

from tests.fakes.trainer_process import TrainerProcess, headlines, until


def upload(client: OpenAI, content: bytes = b"", name: str = "train.jsonl") -> FileObject:
    return client.files.create(file=(name, content or headlines()), purpose="fine-tune")


def new_job(client: OpenAI, **options: object) -> FineTuningJob:
    file = options.pop("training_file", None) or upload(client).id
    return client.fine_tuning.jobs.create(**{"model": "tiny-chat", "training_file": file, **options})


def settled(client: OpenAI, job_id: str, *statuses: str) -> FineTuningJob:
    def reached() -> FineTuningJob | None:
        job = client.fine_tuning.jobs.retrieve(job_id)
        return job if job.status in statuses else None

    return until(reached, what=f"{job_id} in {statuses}")


def test_a_file_is_kept_listed_read_and_deleted(client: OpenAI) -> None:
    raw = client.files.with_raw_response.create(file=("my file.jsonl", headlines()), purpose="fine-tune")
    file = FileObject.model_validate_json(raw.text, strict=True)
    assert (file.filename, file.bytes, file.status) == ("my file.jsonl", len(headlines()), "processed")
    assert client.files.content(file.id).content == headlines()
    assert file.id in [listed.id for listed in client.files.list(purpose="fine-tune")]
    assert client.files.retrieve(file.id) == file
    deleted = client.files.with_raw_response.delete(file.id)
    assert FileDeleted.model_validate_json(deleted.text, strict=True).deleted
    with pytest.raises(openai.NotFoundError) as error:
        client.files.retrieve(file.id)
    assert error.value.body == {
        "message": f"No such File object: {file.id}",
        "type": "invalid_request_error",
        "param": "id",
        "code": None,
    }


def test_files_come_in_pages_in_both_orders(client: OpenAI) -> None:
    ids = [client.files.create(file=("a", b"x"), purpose="vision").id for _ in range(5)]
    newest = [file.id for file in client.files.list(purpose="vision", limit=2)]
    assert newest == ids[::-1]
    assert [file.id for file in client.files.list(purpose="vision", limit=2, order="asc")] == ids
    page = client.files.list(purpose="vision", limit=2)
    assert page.has_more
    assert not client.files.list(purpose="vision", limit=2, after=ids[1]).has_more


def test_a_file_name_is_never_a_path(client: OpenAI, trainer: TrainerProcess) -> None:
    assert upload(client, b"{}", "../../../etc/passwd").filename == "passwd"
    assert upload(client, b"{}", "C:\\secret\\rows.jsonl").filename == "rows.jsonl"
    kept = [path.name for path in (trainer.home / "files").iterdir()]
    assert all(name.startswith("file-") for name in kept)


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(
    client: OpenAI, trainer: TrainerProcess
) -> None:
    before = sorted((trainer.home / "files").iterdir())
    with pytest.raises(openai.APIStatusError) as error:
        upload(client, b"x" * 2_000_001)
    assert error.value.status_code == 413
    assert error.value.code == "file_too_large"
    assert sorted((trainer.home / "files").iterdir()) == before


def test_an_unknown_purpose_is_refused(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        client.files.create(file=("a", b"x"), purpose="dinner")
    assert error.value.param == "purpose"


def test_a_job_is_checked_queued_and_cancelled(client: OpenAI) -> None:
    file = upload(client)
    raw = client.fine_tuning.jobs.with_raw_response.create(
        model="tiny-chat", training_file=file.id, suffix="my news", seed=7, metadata={"plan": "p1"}
    )
    job = FineTuningJob.model_validate_json(raw.text, strict=True)
    assert job.status == "validating_files"
    assert (job.seed, job.metadata, job.training_file) == (7, {"plan": "p1"}, file.id)
    assert job.hyperparameters.n_epochs == "auto"
    settled(client, job.id, "queued")
    until(lambda: len(client.fine_tuning.jobs.list_events(job.id).data) == 4, what="the reason for waiting")
    raw = client.fine_tuning.jobs.with_raw_response.cancel(job.id)
    assert FineTuningJob.model_validate_json(raw.text, strict=True).status == "cancelled"
    messages = [event.message for event in client.fine_tuning.jobs.list_events(job.id)]
    assert messages == [
        "The job was cancelled",
        "Waiting in the queue: 0 job(s) may train at a time, 0 wait(s) before this one",
        "Files validated, moving job to queued state",
        f"Validating training file: {file.id}",
        f"Created fine-tuning job: {job.id}",
    ]
    with pytest.raises(openai.BadRequestError):
        client.fine_tuning.jobs.cancel(job.id)


def test_events_parse_strictly_and_come_in_pages(client: OpenAI) -> None:
    job = settled(client, new_job(client).id, "queued")
    until(lambda: len(client.fine_tuning.jobs.list_events(job.id).data) == 4, what="the reason for waiting")
    raw = client.fine_tuning.jobs.with_raw_response.list_events(job.id, limit=2)
    body = json.loads(raw.text)
    assert body["has_more"] is True
    events = [FineTuningJobEvent.model_validate(item, strict=True) for item in body["data"]]
    assert len(events) == 2
    everything = list(client.fine_tuning.jobs.list_events(job.id, limit=2))
    assert len({event.id for event in everything}) == 4
    client.fine_tuning.jobs.cancel(job.id)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (headlines(9), "invalid_n_examples", "The file has 9 example(s), but must have at least 10."),
        (
            headlines(10) + b'\n{"messages": []}',
            "invalid_training_file",
            "Line 11: 'messages' must be a list",
        ),
        (headlines(10) + b"\nnot json", "invalid_training_file", "Line 11: not valid JSON"),
    ],
)
def test_a_bad_training_file_fails_the_job_with_row_and_reason(
    client: OpenAI, content: bytes, code: str, words: str
) -> None:
    job = settled(client, new_job(client, training_file=upload(client, content).id).id, "failed")
    assert job.error.code == code
    assert job.error.param == "training_file"
    assert words in job.error.message
    event = next(iter(client.fine_tuning.jobs.list_events(job.id)))
    assert (event.level, event.message) == ("error", job.error.message)


def test_deleting_the_file_does_no_harm_to_a_job_that_uses_it(client: OpenAI) -> None:
    file = upload(client)
    job = new_job(client, training_file=file.id)
    client.files.delete(file.id)
    settled(client, job.id, "queued")
    client.fine_tuning.jobs.cancel(job.id)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": "gpt-9"}, "model"),
        ({"training_file": "file-unknown"}, "training_file"),
        ({"suffix": "x" * 65}, "suffix"),
        ({"suffix": "!!!"}, "suffix"),
        ({"suffix": "要約モデル"}, "suffix"),
        ({"seed": -1}, "seed"),
        ({"metadata": {"k": "v" * 513}}, "metadata"),
        ({"method": {"type": "reinforcement"}}, "method.type"),
        (
            {"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 51}}}},
            "method.supervised.hyperparameters.n_epochs",
        ),
        ({"hyperparameters": {"batch_size": "large"}}, "hyperparameters.batch_size"),
        ({"hyperparameters": {"learning_rate_multiplier": 0}}, "hyperparameters.learning_rate_multiplier"),
        ({"extra_body": {"nonsense": 1}}, "nonsense"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]}, "integrations"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(client: OpenAI, change: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        new_job(client, **change)
    assert error.value.param == param
    assert error.value.type == "invalid_request_error"


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_files_can_be_deleted_while_they_are_paged_through(client: OpenAI, order: str) -> None:
    made = {client.files.create(file=("a", b"x"), purpose="vision").id for _ in range(5)}
    listed = client.files.list(limit=2, order=order, purpose="vision")
    deleted = [client.files.delete(file.id).id for file in listed]
    assert made <= set(deleted)
    assert client.files.list(purpose="vision").data == []


def test_jobs_are_listed_newest_first_in_pages_and_by_metadata(client: OpenAI) -> None:
    file = upload(client).id
    jobs = [new_job(client, training_file=file, metadata={"set": "a", "n": str(n)}) for n in range(3)]
    ids = [job.id for job in jobs]
    assert [job.id for job in client.fine_tuning.jobs.list(limit=1, metadata={"set": "a"})] == ids[::-1]
    assert [job.id for job in client.fine_tuning.jobs.list(metadata={"set": "a", "n": "1"})] == [ids[1]]
    assert client.fine_tuning.jobs.list(metadata={"set": "b"}).data == []
    assert client.fine_tuning.jobs.list(limit=2).has_more
    for job in ids:
        client.fine_tuning.jobs.cancel(job)


@pytest.mark.parametrize(
    ("suffix", "name"), [("my news", "my-news"), ("Zürich café", "Zurich-cafe"), ("v1_é", "v1_e")]
)
def test_a_suffix_becomes_a_safe_part_of_the_models_name(
    trainer: TrainerProcess, client: OpenAI, suffix: str, name: str
) -> None:
    job = new_job(client, suffix=suffix, hyperparameters={"learning_rate_multiplier": 5000})
    spec = json.loads((trainer.home / "jobs" / job.id / "spec.json").read_text())
    assert spec["fine_tuned_model"].startswith(f"ft:tiny-chat:local:{name}:")
    client.fine_tuning.jobs.cancel(job.id)


def test_bases_are_models_and_unknown_models_answer_404(client: OpenAI) -> None:
    raw = client.models.with_raw_response.retrieve("tiny-chat")
    assert Model.model_validate_json(raw.text, strict=True).owned_by == "system"
    assert "tiny-chat" in [model.id for model in client.models.list()]
    for call in (client.models.retrieve, client.models.delete):
        with pytest.raises(openai.NotFoundError) as error:
            call("ft:tiny-chat:local::gone")
        assert error.value.code == "model_not_found"
    with pytest.raises(openai.PermissionDeniedError):
        client.models.delete("tiny-chat")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": [""]}, "stop"),
        ({"n": 129}, "n"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logit_bias": {"1": 5}}, "logit_bias"),
        ({"tools": [{"type": "function"}]}, "tools"),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required"},
            "tool_choice",
        ),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_a_wrong_question_is_refused_by_name(client: OpenAI, change: dict[str, object], param: str) -> None:
    question = {"model": "tiny-chat", "messages": [{"role": "user", "content": "x"}], **change}
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(**question)
    assert error.value.param == param


def test_a_wrong_key_is_refused_and_never_repeated(trainer: TrainerProcess) -> None:
    with pytest.raises(openai.AuthenticationError) as error:
        trainer.client("sk-a-wrong-and-secret-key").models.list()
    assert error.value.code == "invalid_api_key"
    assert "secret" not in str(error.value)


def test_unknown_urls_methods_and_bodies_answer_in_openais_shape(
    trainer: TrainerProcess, client: OpenAI
) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.embeddings.create(model="tiny-chat", input="x")
    assert missing.value.type == "invalid_request_error"
    with pytest.raises(openai.APIStatusError) as wrong:
        client.patch("/models", cast_to=object)
    assert wrong.value.status_code == 405
    with pytest.raises(openai.BadRequestError) as unreadable:
        client.post(
            "/fine_tuning/jobs",
            cast_to=object,
            content=b"{",
            options={"headers": {"content-type": "application/json"}},
        )
    assert "JSON" in str(unreadable.value)
    assert unreadable.value.request_id.startswith("req_")


def test_healthz_needs_no_key(trainer: TrainerProcess) -> None:
    with urllib.request.urlopen(trainer.url.removesuffix("/v1") + "/healthz") as response:
        assert json.load(response) == {"status": "ok"}


def test_a_client_that_goes_away_in_the_middle_of_an_upload_leaves_nothing(
    trainer: TrainerProcess, client: OpenAI
) -> None:
    before = sorted((trainer.home / "files").iterdir())
    host, port = trainer.url.removeprefix("http://").removesuffix("/v1").split(":")
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {trainer.key}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + "x" * 1000
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
        until(lambda: sorted((trainer.home / "files").iterdir()) != before, what="the upload's beginning")
    until(lambda: sorted((trainer.home / "files").iterdir()) == before, what="the upload's removal")
