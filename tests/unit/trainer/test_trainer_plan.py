"""What auto chooses, and that it never chooses what the wire forbids."""

from hypothesis import given
from hypothesis import strategies as st

from trainer.engine.plan import explain, settle

BASE = {"batch_size": 8, "auto_steps": 150, "learning_rate": 1e-3}


def test_auto_makes_about_150_steps_of_120_examples() -> None:
    hyper = settle({}, BASE, 120, "supervised")
    assert hyper.as_dict() == {"n_epochs": 10, "batch_size": 8, "learning_rate_multiplier": 2.0}
    words = explain(hyper, {}, BASE, 120)
    assert "150 steps for 120 examples" in words
    assert "auto chose n_epochs, batch_size, learning_rate_multiplier" in words


def test_what_was_asked_for_is_not_changed() -> None:
    asked = {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5}
    hyper = settle(asked, BASE, 120, "supervised")
    assert hyper.as_dict() == asked
    assert "auto" not in explain(hyper, asked, BASE, 120)


@given(st.integers(10, 10**6), st.sampled_from(["supervised", "dpo"]))
def test_auto_stays_within_the_limits(examples: int, method: str) -> None:
    hyper = settle({"n_epochs": "auto"}, BASE, examples, method)
    assert 1 <= hyper.n_epochs <= 50
    assert 1 <= hyper.batch_size <= min(256, examples)
    assert (hyper.beta is None) == (method == "supervised")
