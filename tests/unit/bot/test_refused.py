"""What becomes of a message that Slack didn't take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.refused import GIVE_UP_AFTER, LONGEST_WAIT, after
from bot.slack_errors import MEANINGS, Fate, fate, retry_after, word
from tests.fakes.records import NOON, make_update
from tuning.records import UpdateState

POSTED = {"state": UpdateState.sent, "ts": "1.1"}
WORDS = sorted({word for words in MEANINGS.values() for word in words})


def refusal(code: Any, status: int = 200, headers: dict[str, str] | None = None) -> SlackApiError:
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="chat.postMessage",
        req_args={},
        data={"ok": False, "error": code} if code else {},
        headers=headers or {},
        status_code=status,
    )
    return SlackApiError("refused", response)


def test_every_known_refusal_has_one_meaning() -> None:
    for meaning, words in MEANINGS.items():
        assert all(fate(refusal(word)) is meaning for word in words)
    assert len(WORDS) == sum(len(words) for words in MEANINGS.values())
    assert fate(refusal("brand_new")) is Fate.refused
    assert fate(refusal(None, 503)) is Fate.unknown
    assert fate(refusal("ratelimited", 429)) is Fate.slower
    assert fate(ConnectionResetError()) is Fate.unknown
    assert word(refusal(None, 503)) == "http_503"
    assert word(SlackApiError("a page", {"ok": False})) == "http_unknown"
    assert word(TimeoutError()) == "TimeoutError"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7), ({"retry-after": "0"}, 1), ({}, 5), ({"Retry-After": "soon"}, 5)],
)
def test_slack_is_given_the_time_it_asks_for(headers: dict[str, str], seconds: float) -> None:
    error = refusal("ratelimited", 429, headers)
    assert retry_after(error) == seconds
    changes = after(make_update("u1"), error, NOON)
    assert changes == {"state": UpdateState.pending, "not_before": NOON + timedelta(seconds=seconds)}
    assert "state" not in after(make_update("u1", **POSTED), error, NOON)


def test_refused_blocks_are_left_out_once_and_then_the_message_is_given_up() -> None:
    update = make_update("u1")
    changes = after(update, refusal("invalid_blocks"), NOON)
    assert changes["payload"]["plain"] is True
    again = after(replace(update, payload=changes["payload"]), refusal("msg_too_long"), NOON)
    assert again == {"state": UpdateState.dead}


def test_a_reply_whose_root_is_gone_is_told_in_the_channel() -> None:
    update = make_update("u1", thread_ts="1.0", parent="upd_card")
    assert after(update, refusal("thread_not_found"), NOON) == {
        "state": UpdateState.pending,
        "parent": None,
        "thread_ts": None,
    }


def test_an_edit_that_is_refused_waits_for_the_next_revision() -> None:
    card = make_update("u1", kind="job_card", revision=4, shown=2, **POSTED)
    assert after(card, refusal("message_not_found"), NOON)["shown"] == 4
    assert "shown" not in after(card, refusal("internal_error"), NOON)
    assert after(card, refusal("account_inactive"), NOON) == {}


@given(
    st.lists(st.sampled_from([*WORDS, "brand_new", None]), min_size=GIVE_UP_AFTER, max_size=40),
    st.booleans(),
)
def test_no_message_is_dropped_while_its_fate_is_open_and_no_wait_is_endless(
    refusals: list[str | None], posted: bool
) -> None:
    update = make_update("u1", **(POSTED if posted else {}))
    for code in refusals:
        error = refusal(code, 200 if code else 500)
        changes = after(update, error, NOON)
        if changes.get("state") is UpdateState.dead:
            assert fate(error) in (Fate.plainer, Fate.refused, Fate.rootless, Fate.elsewhere)
            assert not posted
            return
        assert changes.get("not_before", NOON) - NOON <= LONGEST_WAIT
        if fate(error) is Fate.unknown and not posted:
            assert "state" not in changes
        update = replace(update, **changes)
