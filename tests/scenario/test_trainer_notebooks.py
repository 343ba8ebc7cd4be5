"""The shortest of the notebooks, as a person runs it; `docs/notebooks.md` tells of all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.trainer_process import ROOT, running_trainer

NOTEBOOKS = ROOT / "examples" / "notebooks"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_notebook_on_data_preparation_runs_and_its_model_has_learned(tmp_path: Path) -> None:
    with running_trainer(tmp_path / "home", key="sk-ours") as trainer:
        environment = {**os.environ, "OPENAI_BASE_URL": trainer.url, "OPENAI_API_KEY": "sk-ours"}
        command = [sys.executable, str(NOTEBOOKS / "data_preparation.py")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    assert "45 are left" in done.stdout
    assert "invalid_training_file - The job failed due to an invalid training file. Line 37:" in done.stdout
    before, after = re.search(r"RESULT accuracy (\S+) -> (\S+) of 9", done.stdout).groups()
    assert float(before) < 0.5 < float(after)


def test_every_notebook_stands_on_the_page() -> None:
    page = (ROOT / "docs" / "notebooks.md").read_text()
    assert {path.name for path in NOTEBOOKS.glob("*.py")} <= set(re.findall(r"`(\w+\.py)`", page))
