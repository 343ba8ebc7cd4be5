"""Which events are drops, and what makes two deliveries the same one."""

from __future__ import annotations

import pytest

from handlers.routes import carries_files, direct


@pytest.mark.parametrize(
    ("event", "drop"),
    [
        ({"type": "message", "files": [{"id": "F1"}]}, True),
        ({"type": "message", "files": []}, False),
        ({"type": "message", "text": "hello"}, False),
        ({"type": "message", "subtype": "message_changed", "files": [{"id": "F1"}]}, False),
    ],
)
async def test_a_new_message_with_files_is_a_drop_whatever_it_is_called(event: dict, drop: bool) -> None:
    assert await carries_files(event) is drop


async def test_only_a_direct_message_is_spoken_to_the_bot() -> None:
    assert await direct({"channel_type": "im"})
    assert not await direct({"channel_type": "channel"})
