"""What a person typed, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.arguments import NAMES, first_word, one_word, split_request, train_request, typed, words
from tuning.errors import Invalid
from tuning.planning import TrainRequest

TEXT = st.text(max_size=200)


def refused(text: str) -> TrainRequest | Invalid:
    try:
        return train_request(words(text))
    except Invalid as error:
        return error


@given(TEXT)
@example('"')
@example("“a b” 'c")
@example("a=\\")
@example("\x00\x85 \u2028")
def test_any_text_is_a_request_or_one_clear_refusal(text: str) -> None:
    found = refused(text)
    if isinstance(found, Invalid):
        assert found.fields
        assert all(found.fields)
        assert all(found.fields.values())
    else:
        assert isinstance(found, TrainRequest)


@given(TEXT)
def test_the_first_word_and_the_rest_lose_only_white_space(text: str) -> None:
    word, rest = first_word(text)
    assert "".join((word + rest).split()) == "".join(text.split())
    assert not word or not word[0].isspace()


@given(
    st.dictionaries(st.sampled_from(["base", "suffix", "epochs", "lr", "seed"]), st.from_regex(r"\A\w+\Z"))
)
def test_what_is_typed_as_pairs_arrives_in_its_fields(pairs: dict[str, str]) -> None:
    request = train_request(["news", *(f"--{name.upper()}={value}" for name, value in pairs.items())])
    assert request.dataset == "news"
    for name, value in pairs.items():
        assert getattr(request, NAMES[name]) == value


def test_a_share_below_one_percent_is_asked_about() -> None:
    with pytest.raises(Invalid) as refusal:
        split_request(["news", "validation=0.1", "heldout=0.25"])
    assert refusal.value.fields == {
        "validation": "is in percent: for 10% write validation=10",
        "heldout": "is in percent: for 25% write heldout=25",
    }
    assert split_request(["news", "heldout=0"]).heldout == 0


def test_quotes_of_any_kind_hold_a_value_together() -> None:
    for opening, closing in ('""', "''", "“”", "„“", "‘’"):
        assert words(f"news suffix={opening}my news{closing}") == ["news", "suffix=my news"]
    assert words('news suffix="open') == ["news", 'suffix="open']
    for around in ("`{}`", '"{}"', "“{}”", "‘{}’", "<{}>"):
        assert one_word(around.format("ftjob-1") + " and more") == "ftjob-1"
    assert one_word("  ") == ""


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("&lt;b&gt; &amp; c", "<b> & c"),
        ("&amp;lt;", "&lt;"),
        ("  x\n", "x"),
        ("&quot;", "&quot;"),
        (None, ""),
    ],
)
def test_what_slack_escapes_is_read_as_it_was_typed(sent: str | None, meant: str) -> None:
    assert typed({"text": sent}) == meant


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        train_request(["news", "mood", "speed=9", "epochs=1", "epochs=2", "=3"])
    assert set(refused.value.fields) == {"mood", "speed", "epochs", "=3"}


def test_shares_that_leave_nothing_to_train_on_are_told_in_one_sentence() -> None:
    with pytest.raises(Invalid) as refused:
        split_request(["news", "validation=60", "heldout=40"])
    assert refused.value.message == "validation and heldout: must be above 0 and below 100 percent together"
