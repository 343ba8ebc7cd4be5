"""How the learning rate goes over a job's steps."""

import pytest

from trainer.engine.schedule import factor


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 11, 60, 144, 5000])
def test_every_step_learns_and_the_rate_comes_to_its_full_height_within_a_tenth(steps: int) -> None:
    rates = [factor(step, steps) for step in range(steps)]
    assert min(rates) > 0
    top = rates.index(1)
    assert top == min(10, steps // 10)
    assert rates == sorted(rates[:top]) + sorted(rates[top:], reverse=True)


def test_a_long_job_warms_up_over_ten_steps_and_ends_near_nothing() -> None:
    assert [factor(step, 144) for step in (0, 9, 10, 77, 143)] == pytest.approx(
        [1 / 11, 10 / 11, 1, 67 / 134, 1 / 134]
    )
