"""Files in parts, with the SDK's own helpers."""

import hashlib
import io
from pathlib import Path

import openai
import pytest
from openai import OpenAI
from openai.types import Upload
from openai.types.uploads import UploadPart

from tests.fakes.trainer_process import TrainerProcess, headlines, running_trainer, settings_text, until

CONTENT = headlines(40)
ANNOUNCED = {"filename": "a.jsonl", "mime_type": "application/jsonl", "purpose": "fine-tune"}


def announced(client: OpenAI, size: int = len(CONTENT)) -> Upload:
    raw = client.uploads.with_raw_response.create(bytes=size, **ANNOUNCED)
    return Upload.model_validate_json(raw.text, strict=True)


def sent(client: OpenAI, upload: Upload, content: bytes) -> str:
    raw = client.uploads.parts.with_raw_response.create(upload.id, data=content)
    return UploadPart.model_validate_json(raw.text, strict=True).id


def test_parts_become_a_file_in_the_order_given(client: OpenAI, trainer: TrainerProcess) -> None:
    upload = announced(client)
    assert (upload.status, upload.expires_at - upload.created_at) == ("pending", 3600)
    second, first = sent(client, upload, CONTENT[700:]), sent(client, upload, CONTENT[:700])
    done = client.uploads.complete(
        upload.id, part_ids=[first, second], md5=hashlib.md5(CONTENT).hexdigest().upper()
    )
    assert done.status == "completed"
    assert client.files.content(done.file.id).content == CONTENT
    assert not (trainer.home / "uploads" / upload.id).exists()


def test_the_sdk_uploads_in_chunks(client: OpenAI) -> None:
    done = client.uploads.upload_file_chunked(
        file=io.BytesIO(CONTENT).getvalue(), bytes=len(CONTENT), part_size=500, **ANNOUNCED
    )
    assert client.files.content(done.file.id).content == CONTENT


def test_a_wrong_size_a_wrong_sum_and_wrong_parts_are_refused_and_can_be_put_right(client: OpenAI) -> None:
    upload = announced(client)
    part = sent(client, upload, CONTENT)
    small = sent(client, upload, b"x")
    for options, param in [
        ({"part_ids": [small]}, "part_ids"),
        ({"part_ids": [part, part]}, "part_ids"),
        ({"part_ids": ["part_unknown"]}, "part_ids"),
        *(({"part_ids": [part], "md5": wrong}, "md5") for wrong in ("0" * 32, 5, "")),
        ({"part_ids": [part], "md5": 5}, "md5"),
        ({"part_ids": [part], "md5": ""}, "md5"),
    ]:
        with pytest.raises(openai.BadRequestError) as error:
            client.uploads.complete(upload.id, **options)
        assert error.value.param == param
    assert client.uploads.complete(upload.id, part_ids=[part]).status == "completed"


def test_a_cancelled_upload_takes_nothing_more(client: OpenAI, trainer: TrainerProcess) -> None:
    upload = announced(client)
    part = sent(client, upload, CONTENT)
    assert client.uploads.cancel(upload.id).status == "cancelled"
    assert not (trainer.home / "uploads" / upload.id).exists()
    for call in (
        lambda: sent(client, upload, b"x"),
        lambda: client.uploads.complete(upload.id, part_ids=[part]),
        lambda: client.uploads.cancel(upload.id),
    ):
        with pytest.raises(openai.BadRequestError, match="is cancelled"):
            call()


def test_a_part_larger_than_announced_is_refused(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as error:
        sent(client, announced(client, size=10), b"x" * 11)
    assert error.value.status_code == 413


def test_an_upload_expires(tmp_path: Path) -> None:
    config = settings_text(limits={"upload_seconds": 3})
    with running_trainer(tmp_path / "home", config=config) as trainer:
        client = trainer.client()
        upload = announced(client)
        sent(client, upload, b"x")

        def refused() -> bool:
            with pytest.raises(openai.BadRequestError) as error:
                client.uploads.complete(upload.id, part_ids=["part_unknown"])
            return "is expired" in str(error.value)

        until(refused, 20, "the expiry")
        until(lambda: not (trainer.home / "uploads" / upload.id).exists(), what="the end of its bytes")
