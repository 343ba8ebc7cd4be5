"""Whose turn it is: first come, first served within a project, and projects take turns."""

from collections import Counter
from collections.abc import Iterable

from trainer.store import Job


class Turns:
    """Remembers when each project last had a turn; a restart of the server forgets it, which does no harm."""

    def __init__(self) -> None:
        self.count = 0
        self.last: dict[str, int] = {}

    def took(self, project: str) -> None:
        """A job of this project begins."""
        self.count += 1
        self.last[project] = self.count

    def order(self, queued: Iterable[Job], training: Counter[str]) -> list[Job]:
        """The jobs in the order in which they may begin; `training` counts each project's jobs that train.

        The project with the fewest jobs training goes first, then the one whose last turn is the longest ago,
        then the one whose job came first.
        """
        rest, busy, last = list(queued), Counter(training), dict(self.last)
        ordered: list[Job] = []
        while rest:
            job = min(rest, key=lambda job: (busy[job.project], last.get(job.project, 0)))
            rest.remove(job)
            ordered.append(job)
            busy[job.project] += 1
            last[job.project] = self.count + len(ordered)
        return ordered
