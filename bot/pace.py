"""How fast the bot works. Nobody sets this but a test, which hands `build` a quicker one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.refused import EDIT_EVERY
from tuning.checking import TELL_EVERY
from tuning.lanes import PATIENCE_SECONDS
from tuning.launch import FIRST_WAIT, GRACE
from tuning.sending import WATCH_SECONDS, Limits


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two passes, and the waits and limits that keep us polite."""

    deliver_seconds: float = 1.0
    resume_seconds: float = 30.0
    renew_seconds: float = 15.0
    #: Slack takes about one message a second in a channel, and a few at once.
    burst: int = 4
    per_second: float = 1.0
    edit_every: timedelta = EDIT_EVERY
    #: Between two times that an upload tells how far it is.
    watch_seconds: float = WATCH_SECONDS
    #: Between two times that a check tells what it found so far.
    tell_every: timedelta = TELL_EVERY
    #: A file that waits for less than this isn't told to.
    patience_seconds: float = PATIENCE_SECONDS
    #: What goes to the backend at once; what the price book says when nothing is.
    limits: Limits | None = None
    #: Before a read that failed is tried a second time.
    second_read: float = 0.5
    #: How long a sent create may take to show up at the backend, and the first wait after a trouble.
    grace: timedelta = GRACE
    first_wait: timedelta = FIRST_WAIT


#: What every real bot works at.
USUAL = Pace()
