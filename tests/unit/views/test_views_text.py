from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from views_limits import LINK, check_mrkdwn
from views_samples import hostile, thrifty

from views.stream import LONGEST_WORD, SafeStream
from views.text import (
    ZERO_WIDTH_SPACE,
    chunks,
    clip,
    clip_middle,
    code,
    escape,
    markdown,
    mention,
    packed,
    plain,
    prose,
)

anything = st.text() | hostile


def visible(text: str) -> str:
    return text.replace(ZERO_WIDTH_SPACE, "")


@thrifty
@given(anything, st.integers(1, 400), st.booleans())
def test_escaped_text_has_nothing_live_and_keeps_to_its_limit(text: str, limit: int, lines: bool) -> None:
    safe = escape(text, limit, lines=lines)
    check_mrkdwn(safe)
    assert len(safe) <= limit
    assert "`" not in safe
    assert lines or "\n" not in safe
    assert not re.search(r"(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])", safe)


@thrifty
@given(anything, st.integers(1, 400))
def test_a_code_span_can_not_be_left(text: str, limit: int) -> None:
    span = code(text, limit)
    check_mrkdwn(span)
    assert re.fullmatch("`[^`\n]+`", span)
    assert len(span) <= limit + 2


@thrifty
@given(anything)
def test_prose_keeps_only_balanced_code_spans(text: str) -> None:
    safe = prose(text)
    check_mrkdwn(safe)
    assert safe.count("`") % 2 == 0
    assert "\n" not in safe


@thrifty
@given(anything)
def test_an_answers_markdown_can_not_link_or_mention(text: str) -> None:
    safe = markdown(text)
    assert "<" not in safe
    assert ">" not in safe
    assert not LINK.search(safe)
    safe.encode()


@thrifty
@given(anything, st.integers(1, 200))
def test_plain_text_has_no_control_sequences(text: str, limit: int) -> None:
    safe = plain(text, limit)
    assert "<" not in safe
    assert not LINK.search(safe)
    assert len(safe) <= limit


@pytest.mark.parametrize(
    "text",
    [
        "news_train",
        "gpt-4.1-mini-2025-04-14",
        "2*3*4 = 24",
        "a row's `messages[2].content`".replace("`", ""),
        "Preis: 3,50 €",
        "日本語",
        "50 % done (really)",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert escape(text) == text
    assert markdown(text) == text
    assert code(text) == f"`{text}`"


def test_pythons_decorators_survive_in_an_answer() -> None:
    answer = (
        "```python\n@dataclass\nclass A:\n    x: dict[str, int]\n@pytest.mark.slow\ndef f(): return a[0]\n```"
    )
    assert markdown(answer) == answer


def test_what_was_escaped_still_reads_the_same() -> None:
    assert escape("a < b & c > d") == "a &lt; b &amp; c &gt; d"
    assert visible(escape("see https://evil.com or @here")) == "see https://evil.com or @here"
    assert escape("*bold* `code`") == "∗bold∗ ˋcodeˋ"
    assert escape("one\ntwo\r\nthree") == "one two three"
    assert escape("one\r\ntwo", lines=True) == "one\ntwo"


def test_prose_shows_our_own_code_spans() -> None:
    assert prose("Run `ft-bot doctor` *now*, `<x>`") == "Run `ft-bot doctor` ∗now∗, `&lt;x&gt;`"
    assert prose("one ` alone") == "one ˋ alone"


def test_two_halves_of_an_emoji_become_one() -> None:
    assert escape("\ud83d\ude00") == "😀"
    assert escape("\ud83d") == "\ufffd"


def test_clipping_never_halves_an_entity_a_mention_or_a_code_span() -> None:
    assert clip("ab &amp; cd", 7) == "ab…"
    assert clip("hi <@U123ABC> there", 9) == "hi…"
    assert clip("see `abcdef` there", 8) == "see…"
    assert clip("short", 5) == "short"


@thrifty
@given(anything, st.integers(1, 60))
def test_clipping_escaped_text_leaves_it_escaped(text: str, limit: int) -> None:
    cut = clip(escape(text), limit)
    assert len(cut) <= limit
    check_mrkdwn(cut)


def test_the_end_of_a_long_id_is_kept() -> None:
    short = clip_middle("ft:gpt-4o-mini-2024-07-18:acme:news:abc123", 20)
    assert len(short) == 20
    assert short.startswith("ft:gpt")
    assert short.endswith("abc123")


def test_only_a_user_id_becomes_a_mention() -> None:
    assert mention("U012ABC") == "<@U012ABC>"
    assert mention("W9") == "<@W9>"
    for other in ("", "u012", "U1|x", "U1>", "!channel", "C123", "U12\n"):
        assert "<" not in mention(other)


@thrifty
@given(st.lists(st.text(st.sampled_from("ab`<&.:/]( \n@wcom"), max_size=60), max_size=6), st.integers(40, 90))
def test_chunks_lose_nothing_but_space_and_keep_to_their_limit(parts: list[str], limit: int) -> None:
    text = markdown("\n\n".join(parts)).replace("```", "")
    pieces = chunks(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    for piece in pieces:
        check_mrkdwn(piece)


@thrifty
@given(st.text(st.sampled_from("a` \n"), max_size=400), st.integers(40, 90))
def test_chunks_keep_to_their_limit_whatever_the_fences(text: str, limit: int) -> None:
    pieces = chunks(text, limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert "".join(pieces).count("a") == text.count("a")


def test_chunks_prefer_paragraphs_to_lines_to_spaces() -> None:
    assert chunks("a" * 30 + "\n\n" + "b" * 30, 50) == ["a" * 30, "b" * 30]
    assert chunks("a" * 30 + " b\n" + "c" * 30, 50) == ["a" * 30 + " b", "c" * 30]
    assert chunks("a" * 30 + " " + "b" * 30, 50) == ["a" * 30, "b" * 30]
    assert chunks(" \n ", 50) == []


def test_a_code_block_that_is_cut_is_closed_and_opened_again() -> None:
    pieces = chunks("```\n" + "x = 1\n" * 20 + "```", 60)
    assert len(pieces) > 1
    assert all(piece.startswith("```") and piece.endswith("```") for piece in pieces)


@thrifty
@given(st.lists(st.text(max_size=30), max_size=20))
def test_packed_lines_keep_their_order(lines: list[str]) -> None:
    texts = packed(lines, 40)
    assert "\n".join(texts) == "\n".join(lines)
    assert all(len(text) <= 40 for text in texts)


@thrifty
@given(st.lists(anything, max_size=8))
def test_a_stream_is_as_safe_as_the_whole_however_it_is_cut(deltas: list[str]) -> None:
    stream = SafeStream()
    released = "".join([*map(stream.feed, deltas), stream.finish()])
    assert "<" not in released
    assert not LINK.search(released)
    released.encode()
    assert visible(released) == visible(markdown("".join(deltas)))


@thrifty
@given(
    st.lists(
        st.sampled_from(["http", "s:", "/", "/evil", ".", "com", " ", "[a]", "(", "www", "@", "here", "é"])
    )
)
def test_a_link_split_over_deltas_is_broken_as_if_it_came_at_once(deltas: list[str]) -> None:
    stream = SafeStream()
    released = "".join([*map(stream.feed, deltas), stream.finish()])
    if all(len(word) < LONGEST_WORD for word in "".join(deltas).split()):
        assert released == markdown("".join(deltas))


def test_finished_words_are_released_at_once() -> None:
    stream = SafeStream()
    assert stream.feed("Hello wor") == "Hello "
    assert stream.feed("ld, how") == "world, "
    assert stream.feed("日本") == "how日本"
    assert stream.finish() == ""


def test_a_word_without_end_is_not_held_back_for_ever() -> None:
    stream = SafeStream()
    released = stream.feed("x" * 1000)
    assert visible(released) == "x" * 800
    assert visible(stream.finish()) == "x" * 200
