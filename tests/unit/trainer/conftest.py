"""A server that never trains: its queue has no places, so that a test of the wire costs no processor."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.fakes.trainer_process import TrainerProcess, running_trainer, settings_text


@pytest.fixture(scope="session")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    home = tmp_path_factory.mktemp("trainer") / "home"
    config = settings_text(training={"concurrent": 0}, limits={"file_bytes": 2_000_000})
    with running_trainer(home, key="sk-the-right-key", config=config) as process:
        yield process


@pytest.fixture
def client(trainer: TrainerProcess) -> OpenAI:
    return trainer.client()
