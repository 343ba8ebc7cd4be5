"""Slack is acknowledged in time while files are fetched and checked: `bench/acknowledgement.py`, in small."""

from __future__ import annotations

import pytest

from bench.acknowledgement import BUDGET_MS, Figures, measure

MEGABYTES = 4
#: What else this machine does may spoil a measurement; a bot that is slow spoils all of them.
TRIES = 3


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_ninety_nine_of_a_hundred_requests_are_acknowledged_in_half_a_second(mode: str) -> None:
    measured: list[Figures] = []
    while len(measured) < TRIES and not any(figures.p99 < BUDGET_MS for figures in measured):
        at_rest, checking = await measure(mode, MEGABYTES, times=1, idle_acts=10, acts_a_second=15)
        assert at_rest.failed == checking.failed == 0
        assert len(checking.times) >= 10
        measured.append(checking)
    assert measured[-1].p99 < BUDGET_MS, "\n".join(map(str, measured))
