"""`ft-bot demo`, as a person starts it: sandbox, trainer and bot, and real training."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.fakes.bot_process import PATH

#: What a person must have read, in this order.
SEEN = (
    r"Three programs are started",
    r"ana drops a file with mistakes",
    r"row 2 at `messages\[1\]\.role`: The message has no role",
    r"ana drops 128 headlines",
    r"Kept as `news_train`: 128 rows",
    r"\[Train\]",
    r"ben, who doesn't own the job, tries to cancel it",
    r"Only its owner or an administrator may cancel",
    r"the job trains, really",
    r"Training has started",
    r"step \d+ of \d+ · training loss",
    r"@ana: the job .* succeeded",
    r"@ben asks `ft:tiny-chat:local:news:",
    r"tuned model +\d+ of 28 right",
    r"untrained base +\d+ of 28 right",
    r"@ana deleted the model",
    r"was deleted",
    r"Every step was seen in Slack",
)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_plays_the_whole_story_and_ends_well(tmp_path: Path) -> None:
    # a person's own settings and proxies must not get in its way
    (tmp_path / ".env").write_text("SLACK_API_URL=https://slack.example/\nFT_POLL_SECONDS=3600\n")
    own = {"SLACK_BOT_TOKEN": "xoxb-mine", "HTTP_PROXY": "http://127.0.0.1:9", "FT_LOG_LEVEL": "ERROR"}
    done = subprocess.run(
        ["ft-bot", "demo"],
        cwd=tmp_path,
        env={**os.environ, "PATH": PATH, **own},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    position = 0
    for pattern in SEEN:
        found = re.compile(pattern).search(done.stdout, position)
        assert found, f"not seen, or not in its turn: {pattern}\n{done.stdout}"
        position = found.end()
    tuned, base = (int(n) for n in re.findall(r"(\d+) of 28 right", done.stdout))
    assert tuned > base
