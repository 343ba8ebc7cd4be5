"""What to do about a job that failed, by the code that the backend gave."""

from __future__ import annotations

from tuning.errors import TrainingNotAvailable
from tuning.pricing import training_closed

_ASK_FOR_CREDIT = "Ask the administrator to add credit or raise the limit, then start the job again."
_OTHER_BASE = "The backend doesn't train this base model: choose another one, `/ft train` lists them."

_ASK_FOR_KEY = (
    "Ask the administrator to set a valid OPENAI_API_KEY (`ft-bot doctor` checks it), "
    "then start the job again."
)

_TODO = {
    "invalid_n_examples": "The file has too few examples: add some (at least 10), then drop it again.",
    "invalid_file_format": "Mend the rows that it names, then drop the file again.",
    "invalid_training_file": "Mend what it names, then drop the file again.",
    "invalid_validation_file": "Mend the validation file, then drop it again.",
    "unsafe_file": "The backend's moderation refused the content: take out those examples.",
    "daily_rate_limit_exceeded": "The backend's daily limit of jobs is reached: start it again tomorrow.",
    "credit_balance_exhausted": _ASK_FOR_CREDIT,
    "organization_spend_limit_exceeded": _ASK_FOR_CREDIT,
    "project_spend_limit_exceeded": _ASK_FOR_CREDIT,
    "backend_limit_reached": _ASK_FOR_CREDIT,
    "insufficient_quota": _ASK_FOR_CREDIT,
    "billing_hard_limit_reached": _ASK_FOR_CREDIT,
    "model_not_found": _OTHER_BASE,
    "model_not_available": _OTHER_BASE,
    "backend_key_rejected": _ASK_FOR_KEY,
    "invalid_api_key": _ASK_FOR_KEY,
    "too_large_for_backend": "Split the dataset (`/ft split`), train on a sample, or use another backend.",
    "job_not_found": "Somebody may have deleted it there. Start the job again.",
    "file_unreadable": "Tell the administrator, then start the job again.",
    "internal": "It was not your doing. Start the job again; if that fails too, tell the administrator.",
}
_OTHERWISE = "If the reason names something that you can change, change it. Then start the job again."


def what_to_do(code: str | None) -> str:
    """Safe words for what a person does next after a failed job."""
    if code == TrainingNotAvailable.code:
        return training_closed()
    return _TODO.get(code or "", _OTHERWISE)
