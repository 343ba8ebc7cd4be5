"""Keys with projects behind them."""

from pathlib import Path

import openai
import pytest

from tests.fakes.trainer_process import headlines, running_trainer
from trainer import keys


def test_a_key_sees_only_its_projects_things(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    with running_trainer(home, key="sk-admin", idle=True) as trainer:

        def made(name: str, project: str) -> str:
            assert keys.main(["add", name, "--project", project, "--home", str(home)]) == 0
            return capsys.readouterr().out.strip()

        ada, bob = trainer.client(made("ada", "news")), trainer.client(made("bob", "sports"))
        file = ada.files.create(file=("a", headlines()), purpose="fine-tune")
        job = ada.fine_tuning.jobs.create(model="tiny-chat", training_file=file.id)
        for other in (bob, trainer.client()):
            assert other.files.list().data == []
            assert other.fine_tuning.jobs.list().data == []
            with pytest.raises(openai.BadRequestError):
                other.fine_tuning.jobs.create(model="tiny-chat", training_file=file.id)
            for call, id in (
                (other.files.retrieve, file.id),
                (other.files.content, file.id),
                (other.files.delete, file.id),
                (other.fine_tuning.jobs.retrieve, job.id),
                (other.fine_tuning.jobs.cancel, job.id),
                (other.fine_tuning.jobs.pause, job.id),
                (other.fine_tuning.jobs.list_events, job.id),
                (other.fine_tuning.jobs.checkpoints.list, job.id),
            ):
                with pytest.raises(openai.NotFoundError):
                    call(id)
        assert keys.main(["list", "--home", str(home)]) == 0
        assert capsys.readouterr().out.splitlines() == ["ada\tnews", "bob\tsports"]
        assert keys.main(["remove", "ada", "--home", str(home)]) == 0
        with pytest.raises(openai.AuthenticationError):
            ada.models.list()


def test_keys_are_kept_as_hashes_and_names_are_unique(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys.main(["add", "ada", "--home", str(tmp_path)]) == 0
    key = capsys.readouterr().out.strip()
    assert keys.main(["add", "ada", "--home", str(tmp_path)]) == 1
    assert keys.main(["remove", "eve", "--home", str(tmp_path)]) == 1
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("trainer.db*"))
    assert b"ada" in kept
    assert key.encode() not in kept
