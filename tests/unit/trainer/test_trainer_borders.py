"""Where the server ends: what it does not offer, whom it does not answer, and what ends by itself."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import openai
import pytest
from openai import OpenAI

from tests.fakes.raw_http import send
from tests.fakes.trainer_process import TrainerProcess, headlines, running_trainer, settings_text
from trainer import ids
from trainer.api.expiry import sweep
from trainer.store import File, Store, Upload

GRADER = {"type": "string_check", "name": "a", "input": "a", "operation": "eq", "reference": "b"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c.embeddings.create(model="tiny-chat", input="x"), "Embeddings"),
        (lambda c: c.moderations.create(input="x"), "Moderations"),
        (lambda c: c.completions.create(model="tiny-chat", prompt="x"), "/v1/chat/completions"),
        (lambda c: c.responses.retrieve("resp_1"), "Stored responses"),
        (lambda c: c.batches.list(), "Batches"),
        (lambda c: c.fine_tuning.alpha.graders.run(grader=GRADER, model_sample="x"), "Graders"),
        (lambda c: c.fine_tuning.alpha.graders.validate(grader=GRADER), "Graders"),
        (lambda c: c.fine_tuning.checkpoints.permissions.list("ft:a:b::c"), "Permissions of checkpoints"),
        (lambda c: c.chat.completions.list(), "Stored chat completions"),
        (lambda c: c.chat.completions.retrieve("chatcmpl-1"), "Stored chat completions"),
        (lambda c: c.vector_stores.list(), "Vector stores"),
        (lambda c: c.evals.list(), "Evals"),
    ],
)
def test_what_is_not_offered_is_said_by_name(
    client: OpenAI, call: Callable[[OpenAI], object], words: str
) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        call(client)
    assert (error.value.code, error.value.type) == ("unsupported_endpoint", "invalid_request_error")
    assert words in error.value.body["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8081"}, 200),
        ({"Host": "[::1]:8081"}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Host": "rebound.example:8081"}, 403),
        ({"Host": "rebound.example", "Origin": "http://rebound.example"}, 403),
        ({"Origin": "https://page.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_without_a_key_only_this_machine_and_none_of_its_web_pages_is_answered(
    keyless: TrainerProcess, headers: dict[str, str], status: int
) -> None:
    answer = send(keyless.url, "GET", "/v1/models", **headers)
    assert answer.status == status
    if status == 403:
        assert answer.error["code"] == "foreign_origin"


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("keyless") / "home"
    config = settings_text().replace("[bases.tiny-chat]", '[bases."team/tiny"]')
    with running_trainer(home, config=config, idle=True) as trainer:
        yield trainer


def test_with_a_key_the_name_in_the_host_header_does_not_matter(trainer: TrainerProcess) -> None:
    answer = send(trainer.url, "GET", "/v1/models", key=trainer.key, Host="trainer.example")
    assert answer.status == 200


def test_a_base_may_be_called_like_a_repository(keyless: TrainerProcess) -> None:
    assert keyless.client().models.retrieve("team/tiny").id == "team/tiny"
    assert json.loads(send(keyless.url, "GET", "/v1/models/team/tiny").body)["id"] == "team/tiny"


def test_a_repeated_create_with_its_idempotency_key_gets_the_same_job(client: OpenAI) -> None:
    file = client.files.create(file=("a", headlines()), purpose="fine-tune").id
    again = {"model": "tiny-chat", "training_file": file, "extra_headers": {"Idempotency-Key": "plan-7"}}
    first, second = (client.fine_tuning.jobs.create(**again) for _ in range(2))
    assert first.id == second.id
    other = client.files.create(file=("b", headlines()), purpose="fine-tune").id
    for change in ({"training_file": other}, {"seed": 5}, {"suffix": "b"}, {"validation_file": other}):
        with pytest.raises(openai.ConflictError) as error:
            client.fine_tuning.jobs.create(**{**again, **change})
        assert error.value.code == "idempotency_key_reused"
    assert client.fine_tuning.jobs.create(model="tiny-chat", training_file=file).id != first.id
    for job in client.fine_tuning.jobs.list():
        if job.status in {"validating_files", "queued"}:
            client.fine_tuning.jobs.cancel(job.id)


def test_a_file_says_when_it_ends_and_an_upload_hands_that_on(client: OpenAI) -> None:
    policy = {"anchor": "created_at", "seconds": 3600}
    file = client.files.create(file=("a", b"x"), purpose="user_data", expires_after=policy)
    assert file.expires_at == file.created_at + 3600
    assert client.files.retrieve(file.id).expires_at == file.expires_at
    upload = client.uploads.create(
        bytes=3, filename="b", mime_type="text/plain", purpose="user_data", expires_after=policy
    )
    part = client.uploads.parts.create(upload.id, data=b"abc")
    made = client.uploads.complete(upload.id, part_ids=[part.id]).file
    assert made.expires_at == made.created_at + 3600


def test_what_has_expired_goes_with_its_bytes_and_nothing_else_does(tmp_path: Path) -> None:
    store, now = Store(tmp_path), ids.now()
    for id, ends in (("file-old", now - 1), ("file-new", now + 100), ("file-kept", None)):
        store.add(File(id, "default", "a", 1, "user_data", now - 10, ends))
        (store.files / id).write_bytes(b"x")
    for id, ends in (("upload_old", now - 1), ("upload_new", now + 100)):
        store.add(Upload(id, "default", "a", 1, "user_data", now - 10, ends))
        (store.uploads / id).mkdir()
    asyncio.run(sweep(store))
    assert [file.id for file in store.where(File)] == ["file-new", "file-kept"]
    assert sorted(path.name for path in store.files.iterdir()) == ["file-kept", "file-new"]
    assert [upload.status for upload in store.where(Upload)] == ["expired", "pending"]
    assert [path.name for path in store.uploads.iterdir()] == ["upload_new"]
    store.close()


def test_what_a_killed_server_was_receiving_is_removed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "files").mkdir(parents=True)
    (home / "files" / "incoming-1").write_bytes(b"half")
    with running_trainer(home) as trainer:
        trainer.client().models.list()
        assert list((home / "files").iterdir()) == []


def test_a_home_of_an_older_server_is_brought_up_to_date(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(File("file-1", "default", "a", 1, "user_data", 1))
    store.db.execute("ALTER TABLE files DROP COLUMN expires_at")
    store.close()
    store = Store(tmp_path)
    assert store.find(File, "file-1").expires_at is None
    store.close()


def test_a_new_home_is_its_owners_alone(tmp_path: Path) -> None:
    with running_trainer(tmp_path / "home", idle=True) as trainer:
        modes = {
            path.stat().st_mode & 0o077
            for path in (trainer.home, trainer.home / "files", trainer.home / "jobs")
        }
    assert modes == {0}
