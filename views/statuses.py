"""A job's state in words: the emoji helps the eye, the word carries the meaning."""

from __future__ import annotations

from tuning.records import ENDED, Job, Status
from views.text import escape

_WORDS = {
    Status.uploading: ("📤", "Uploading the file"),
    Status.creating: ("📨", "Handing it to the backend"),
    Status.validating_files: ("🔎", "The backend is checking the file"),
    Status.queued: ("🕒", "Waiting in the backend's queue"),
    Status.running: ("🏃", "Training"),
    Status.pausing: ("⏸️", "Pausing"),
    Status.paused: ("⏸️", "Paused"),
    Status.succeeded: ("✅", "Succeeded"),
    Status.failed: ("❌", "Failed"),
    Status.cancelled: ("🚫", "Cancelled"),
}


def status_words(status: str) -> tuple[str, str]:
    """An emoji and safe words; a status that we don't know is shown as the backend wrote it."""
    if status in _WORDS:
        return _WORDS[Status(status)]
    return "❔", f"{escape(status, 60) or 'Unknown'} (the backend's word)"


def job_status(job: Job) -> tuple[str, str]:
    """Like `status_words`, but a job that is asked to stop says so."""
    if job.cancel_requested_by and job.status not in ENDED:
        return "🛑", "Cancelling"
    return status_words(job.status)


def can_cancel(job: Job) -> bool:
    return not job.ended and not job.cancel_requested_by
