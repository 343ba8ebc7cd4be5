"""One family of errors: what each says to a person, and what the code may do about it.

The docstring of a class is its message when none is given; `remedy` is what to do next.
Messages may carry text from people or from a backend: views escape it, never this module.
"""

from __future__ import annotations


class FtBotError(Exception):
    """Something went wrong."""

    code = "error"
    remedy = ""

    def __init__(self, message: str = "", *, remedy: str = "") -> None:
        super().__init__(message or self.__class__.__doc__ or "")
        if remedy:
            self.remedy = remedy

    @property
    def message(self) -> str:
        return str(self)


class NotAllowed(FtBotError):
    """You may not do that."""

    code = "not_allowed"


class NotFound(FtBotError):
    """There is no such thing here."""

    code = "not_found"


class Gone(NotFound):
    """It was deleted."""

    code = "gone"


class Ambiguous(FtBotError):
    """More than one thing starts like that."""

    code = "ambiguous"

    def __init__(self, what: str, ref: str, candidates: list[str]) -> None:
        rest = len(candidates) - 5
        shown = ", ".join(candidates[:5]) + (f" and {rest:,} more" if rest > 0 else "")
        super().__init__(f"More than one {what} starts with {ref[:100]}: {shown}.", remedy="Type more of it.")


class Invalid(FtBotError):
    """Some of the values can't be used."""

    code = "invalid"

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        super().__init__("; ".join(f"{name}: {why}" for name, why in fields.items()))


class Conflict(FtBotError):
    """That can't be done in the state that it is in now."""

    code = "conflict"


class FileUnreadable(FtBotError):
    """The file could not be fetched."""

    code = "file_unreadable"


class BackendError(FtBotError):
    """The backend could not do it."""

    code = "backend"
    #: The call may have had its effect all the same: look before trying again.
    fate_unknown = False
    #: Trying again later may help.
    passing = False

    def __init__(
        self,
        message: str = "",
        *,
        remedy: str = "",
        backend_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.backend_code = backend_code
        self.request_id = request_id


class BackendKeyRejected(BackendError):
    """The backend rejected the bot's API key."""

    code = "backend_key_rejected"
    remedy = "Ask the administrator to set a valid OPENAI_API_KEY; `ft-bot doctor` checks it."


class TrainingNotAvailable(BackendError):
    """The backend doesn't let this organisation start fine-tuning jobs any more."""

    code = "training_not_available"


class BackendRefused(BackendError):
    """The backend refused the request."""

    code = "backend_refused"
    remedy = "Change what it names and try again."


class BackendNotFound(BackendError):
    """The backend doesn't know it (any more)."""

    code = "backend_not_found"


class BackendConflict(BackendError):
    """The backend says that this conflicts with what it is doing now."""

    code = "backend_conflict"
    passing = True
    remedy = "Wait a little and try again."


class BackendBusy(BackendError):
    """The backend asks us to slow down."""

    code = "backend_busy"
    passing = True
    remedy = "Wait a little and try again."

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        backend_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, backend_code=backend_code, request_id=request_id)
        self.retry_after = retry_after


class StillSettling(BackendError):
    """What became of an earlier try isn't known yet."""

    code = "still_settling"
    passing = True


class BackendLimitReached(BackendError):
    """The organisation's quota, credit or daily limit at the backend is used up."""

    code = "backend_limit_reached"
    remedy = "Ask the administrator to raise the limit or add credit, then start the job again."


class BackendDown(BackendError):
    """The backend is having trouble."""

    code = "backend_down"
    fate_unknown = True
    passing = True
    remedy = "Try again in a minute."


class BackendGarbled(BackendDown):
    """The backend answered with something that isn't its API's format."""

    code = "backend_garbled"
    remedy = "Ask the administrator whether OPENAI_BASE_URL points at the API; `ft-bot doctor` checks it."


class BackendUnreachable(BackendDown):
    """The backend can't be reached."""

    code = "backend_unreachable"
    remedy = "Try again in a minute; if it stays so, ask the administrator to check OPENAI_BASE_URL."
