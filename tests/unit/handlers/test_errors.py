"""What Bolt is told after an error: nothing when the handler had acknowledged already."""

from __future__ import annotations

import pytest
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncBoltContext

from handlers.errors import on_error
from tuning.errors import NotFound


@pytest.mark.parametrize(
    ("body", "response", "status"),
    [
        ({"command": "/ft"}, BoltResponse(status=500), 200),
        ({"type": "block_actions"}, BoltResponse(status=500), 200),
        ({"command": "/ft"}, None, None),
        ({"type": "event_callback"}, BoltResponse(status=500), None),
        ({"type": "view_submission"}, BoltResponse(status=500), None),
    ],
)
async def test_an_answered_command_or_press_is_acknowledged_unless_it_was(
    body: dict[str, str], response: BoltResponse | None, status: int | None
) -> None:
    given = await on_error(NotFound("There is none."), AsyncBoltContext(), body, response)
    assert (given.status if given else None) == status
