"""Logs: one line a record whatever a person typed, and no secret in any of them."""

from __future__ import annotations

import logging
import re
import sys
import textwrap
from typing import Any

#: Slack's tokens, keys of OpenAI's form, and bearer headers, whoever's they are.
SECRET = re.compile(
    r"xox[a-z]?[.-][\w.-]+|xapp-[\w-]+|\bsk-[\w-]{8,}|(?<=Bearer )\S+|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"
)
#: Libraries that say little of use below these levels, or print what people wrote.
FLOORS = {
    # it warns when a pass is still being made at the next one's time: that is as planned
    logging.ERROR: ("apscheduler",),
    logging.WARNING: ("aiosqlite", "alembic", "httpx2", "httpcore2", "asyncio", "slack_bolt"),
    logging.INFO: ("slack_sdk", "openai"),
}
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class SafeFormatter(logging.Formatter):
    """Masks secrets everywhere, escapes control characters in messages, and indents tracebacks."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._known = [secret for secret in secrets if len(secret) >= 6]

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = CONTROL.sub(lambda m: m.group().encode("unicode_escape").decode(), record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        """Indented, so that no line of an exception's text can pass for a record."""
        return textwrap.indent(super().formatException(ei), "  ", lambda line: True)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._known:
            line = line.replace(secret, "***")
        return SECRET.sub("***", line)


def set_up_logs(level: str, secrets: tuple[str, ...]) -> None:
    """Log to standard error, where platforms collect it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for floor, names in FLOORS.items():
        for name in names:
            logging.getLogger(name).setLevel(max(floor, logging.getLevelName(level)))
