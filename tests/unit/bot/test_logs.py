"""Logs: one line a record, and no secret in any of them."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import SafeFormatter, set_up_logs

SECRET = "a-signing-secret-of-ours"


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(SafeFormatter((SECRET,)))
    logger = logging.getLogger("test.logs")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    yield logger, out
    logger.removeHandler(handler)
    logger.propagate = True


@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "xoxb-123-456-abcDEF",
        "xoxe.xoxp-1-Mi0yLTEyMw",
        "xapp-1-A0-123-abc",
        "sk-proj-abcdefgh12345678",
        "Bearer abc.def",
        "postgresql://bot:hunter2222@db/ft",
    ],
)
def test_a_secret_is_masked_in_message_arguments_and_traceback(
    log: tuple[logging.Logger, io.StringIO], secret: str
) -> None:
    logger, out = log
    logger.info("token %s!", secret)
    try:
        raise ValueError(f"refused: {secret}")
    except ValueError:
        logger.exception("it failed")
    text = out.getvalue()
    assert secret not in text
    assert "hunter2222" not in text
    assert "***" in text
    assert "ValueError: refused" in text


def test_text_from_people_stays_on_its_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = log
    logger.info("they typed %s", "hello\n2026-01-01 ERROR root: forged\r\x1b[31m\u2028\x00")
    assert len(out.getvalue().splitlines()) == 1
    assert "\\n2026" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_an_exception_s_text_can_not_forge_a_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = log
    try:
        raise ValueError("first\n2026-01-01 00:00:00,000 ERROR root: forged")
    except ValueError:
        logger.exception("it failed")
    assert not any(
        line.startswith("2026-01-01 00:00:00,000 ERROR root") for line in out.getvalue().splitlines()
    )


@given(st.text())
def test_any_message_is_one_line(text: str) -> None:
    record = logging.LogRecord("name", logging.INFO, "", 0, "%s", (text,), None)
    assert len(SafeFormatter().format(record).splitlines()) == 1


def test_the_chatty_libraries_are_quiet_and_the_slack_sdk_tells_no_payload() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        set_up_logs("DEBUG", ())
        for name in ("slack_bolt", "slack_sdk", "openai", "httpx2", "aiosqlite"):
            assert logging.getLogger(name).getEffectiveLevel() >= logging.INFO, name
    finally:
        root.handlers[:], root.level = handlers, level
