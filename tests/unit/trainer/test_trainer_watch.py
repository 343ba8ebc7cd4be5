"""When a run counts as running away."""

import pytest

from trainer.engine.failures import Diverged
from trainer.engine.watch import Watch


def looked(losses: list[float]) -> None:
    watch = Watch()
    for step, loss in enumerate(losses, 1):
        watch.look(loss, step)


def test_a_loss_that_is_no_number_ends_the_run() -> None:
    with pytest.raises(Diverged, match="became nan at step 2"):
        looked([7.0, float("nan")])


def test_a_loss_that_stays_well_above_its_beginning_ends_the_run() -> None:
    with pytest.raises(Diverged, match=r"rose from 7\.00 to"):
        looked([7.0] * 3 + [15.0] * 10)


@pytest.mark.parametrize(
    "losses", [[7.0, 3.0, 1.0] * 9, [7.0] * 3 + [30.0] + [6.0] * 20, [0.01] * 5 + [0.4] * 20, [7.0, 7.5] * 10]
)
def test_noise_a_spike_and_a_restart_near_zero_do_not(losses: list[float]) -> None:
    looked(losses)
