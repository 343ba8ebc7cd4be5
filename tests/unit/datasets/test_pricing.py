"""Prices: what is on record, what it costs, and what isn't known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tuning import pricing
from tuning.datasets import checker
from tuning.datasets.tokens import ENCODINGS


def test_every_base_on_record_has_a_source_a_date_and_sane_numbers():
    assert len(pricing.bases()) >= 4
    for base in pricing.bases():
        assert base.source.startswith("https://")
        assert base.checked >= dt.date(2026, 11, 22)
        assert 0 < base.cached < base.input < base.output
        assert base.training > 0
        assert base.encoding in ENCODINGS
        assert base.methods


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
        "ft:gpt-4o-mini-2024-07-18:acme:news:AbC",
        "ft:gpt-4o-mini:a::b:ckpt-step-9",
    ],
)
def test_a_base_is_found_by_name_alias_and_tuned_model(name: str):
    base = pricing.price(name)
    assert base is not None
    assert base.name == "gpt-4o-mini-2024-07-18"


@pytest.mark.parametrize("name", ["", "llama", "ft:", "ft:llama:x", "ft:gpt-4o"])
def test_an_unknown_base_has_no_price_on_record(name: str):
    assert pricing.price(name) is None
    assert pricing.estimate(name, 1000, 3) is None
    assert pricing.answer_cost(name, 10, 10) is None


@pytest.mark.parametrize(
    ("name", "encoding", "limit", "methods"),
    [
        ("gpt-3.5-turbo", "cl100k_base", 16_385, ("supervised",)),
        ("gpt-3.5-turbo-1106", "cl100k_base", 16_385, ("supervised",)),
        ("gpt-35-turbo", "cl100k_base", 16_385, ("supervised",)),
        ("ft:gpt-3.5-turbo-0125:acme:news:AbC", "cl100k_base", 16_385, ("supervised",)),
        ("gpt-3.5-turbo-0613", "cl100k_base", 4_096, ("supervised",)),
        ("gpt-4", "cl100k_base", 8_192, ("supervised",)),
        ("gpt-4.1-nano", "o200k_base", 65_536, ("supervised", "dpo")),
        ("o4-mini-2025-04-16", "o200k_base", 65_536, ("reinforcement",)),
    ],
)
def test_a_base_that_is_gone_has_its_limits_on_record_and_no_price(
    name: str, encoding: str, limit: int, methods: tuple[str, ...]
):
    base = pricing.known(name)
    assert base is not None
    assert base.methods == methods
    assert (pricing.book().encoding(name), pricing.book().limit(name)) == (encoding, limit)
    assert base.shutdown == dt.date(2026, 10, 23)
    assert pricing.price(name) is None
    assert base.name not in {offered.name for offered in pricing.bases()}


def test_the_fast_path_looks_closely_at_every_row_that_is_longer_than_the_limit():
    assert pricing.book().defaults.messages_per_example >= checker._MANY


def test_a_model_tuned_at_azure_has_the_limits_of_its_base():
    base = pricing.known("gpt-35-turbo-0125.ft-0123abc")
    assert base is not None
    assert base.name == "gpt-3.5-turbo-0125"
    assert pricing.known("tiny-chat") is None
    assert pricing.known("ft:tiny-chat:a:b:c") is None


def test_training_a_million_tokens_for_three_epochs_costs_three_times_the_price():
    cost = pricing.estimate("gpt-4o-mini", 1_000_000, 3)
    assert cost is not None
    assert (cost.low, cost.estimate, cost.high) == (9.0, 9.0, pytest.approx(9.9))


def test_an_answer_costs_its_fresh_cached_and_written_tokens():
    assert pricing.answer_cost("gpt-4o", 1_000_000, 1_000_000, cached=400_000) == pytest.approx(
        2.25 + 0.75 + 15
    )


def test_the_day_on_which_nobody_can_start_a_job_is_on_record():
    last = [
        c
        for c in pricing.closings("openai", after=dt.date(2026, 11, 23))
        if c.what == "no new fine-tuning jobs"
    ]
    assert [c.date for c in last] == [dt.date(2027, 1, 6)]
    assert pricing.closings("nobody") == ()


def test_another_price_file_can_be_loaded_and_a_wrong_one_says_where(tmp_path: Path):
    shipped = Path(pricing.__file__).with_name("prices.toml").read_text()
    path = tmp_path / "prices.toml"
    path.write_text(shipped)
    assert pricing.load(path) == pricing.book()
    path.write_text(shipped.replace("training = 25.0", 'training = "a lot"', 1))
    with pytest.raises(ValueError, match=r"prices\.toml.*training"):
        pricing.load(path)
