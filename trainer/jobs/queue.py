"""Whose turn it is: first come, first served within a project, and projects take turns."""

from collections import Counter
from collections.abc import Iterable, Iterator

from trainer.store import Job

QUEUE = "Waiting in the queue"


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

    def serve(
        self, queued: Iterable[Job], training: Counter[str], limit: int, places: int | None
    ) -> Iterator[tuple[Job, str]]:
        """Each job with why it must wait, in words, or with none when it has a turn now.

        `limit` bounds the jobs of a project that train at a time, 0 not at all; `places` bounds all jobs.
        """
        busy, before = Counter(training), 0
        for job in self.order(queued, training):
            if limit and busy[job.project] >= limit:
                yield job, f"{QUEUE}: {limit} job(s) of a project may train at a time"
            elif places is not None and busy.total() >= places:
                words = f"{QUEUE}: {places} job(s) may train at a time"
                yield job, f"{words}, {before} wait(s) before this one"
                before += 1
            else:
                self.took(job.project)
                busy[job.project] += 1
                yield job, ""
