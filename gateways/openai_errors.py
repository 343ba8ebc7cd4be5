"""Every way in which a backend can fail, translated into the domain's family of errors.

What a backend writes is shown to people, so it is cut, cleaned and stripped of the key. The SDK's
own exceptions are dropped (`from None`): their text may repeat what a server echoed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from gateways.openai_records import clean
from tuning.errors import (
    BackendBusy,
    BackendConflict,
    BackendDown,
    BackendError,
    BackendGarbled,
    BackendKeyRejected,
    BackendLimitReached,
    BackendNotFound,
    BackendRefused,
    BackendUnreachable,
    TrainingNotAvailable,
)
from tuning.pricing import training_closed

LONGEST = 500
#: A shorter key is no secret but a stand-in for one, and may be an ordinary word.
SHORTEST_SECRET = 8
CLOSED = "training_not_available"
#: Codes that say that waiting a minute won't help: money, quota or the day's allowance is used up.
SPENT = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "daily_rate_limit_exceeded",
    }
)
_SIMPLE: dict[int, type[BackendError]] = {404: BackendNotFound, 408: BackendDown, 409: BackendConflict}
_KEYS = re.compile(r"(?i)\bbearer\s+\S+|\bsk-[\w*.-]{6,}")


@dataclass(frozen=True)
class Translator:
    """Knows what must not be shown (the key) and what helps (the backend's host)."""

    host: str
    key: str

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Let nothing but a BackendError out of this block."""
        if not self.key or not self.key.isascii() or not self.key.isprintable():
            raise BackendKeyRejected("OPENAI_API_KEY is empty, or has characters that no key has.")
        try:
            yield
        except BackendError:
            raise
        except APIStatusError as error:
            raise self.status(error) from None
        except (APITimeoutError, TimeoutError, httpx2.TimeoutException):
            raise BackendUnreachable(f"The backend at {self.host} doesn't answer in time.") from None
        except (APIConnectionError, httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            raise self._connection(error) from None
        except httpx2.InvalidURL:
            raise BackendUnreachable(f"The backend's address ({self.host}) can't be used.") from None
        except (ValueError, TypeError) as error:
            raise BackendRefused(f"The request can't be put on the wire ({type(error).__name__}).") from None
        except (APIError, ArithmeticError, AttributeError, RecursionError) as error:
            raise BackendGarbled(f"{BackendGarbled.__doc__} ({type(error).__name__})") from None

    def status(self, error: APIStatusError) -> BackendError:
        """What an HTTP status means, with the backend's own words where they help."""
        status, body = error.status_code, error.body
        code = _code(body)
        told: dict[str, Any] = {"backend_code": code, "request_id": error.request_id}
        if status == 401:
            return BackendKeyRejected(**told)
        if code in SPENT or status == 402:
            return BackendLimitReached(self.words(body), **told)
        if code == CLOSED:
            return TrainingNotAvailable(remedy=training_closed(), **told)
        if status == 429:
            return BackendBusy(self.words(body), retry_after=_retry_after(error.response.headers), **told)
        if status >= 500:
            return BackendDown(self.words(body), **told)
        if status < 400:
            return BackendGarbled(f"The backend at {self.host} sends us to another address.", **told)
        if _is_page(body, error.response.headers):
            return BackendGarbled(
                f"The backend at {self.host} answered with a web page (HTTP {status}).", **told
            )
        kind = _SIMPLE.get(status, BackendRefused)
        return kind(self.words(body) or f"{kind.__doc__} (HTTP {status})", **told)

    def told(self, error: object) -> BackendError:
        """What an error object means that came in place of a result (or in the middle of a stream)."""
        code = _code(error)
        if code in SPENT:
            return BackendLimitReached(self.words(error), backend_code=code)
        return BackendDown(self.words(error), backend_code=code)

    def words(self, body: object) -> str:
        """The backend's own message: one line, cut, without the key; empty when there is none."""
        message: object = body
        if isinstance(body, Mapping):
            message = body.get("message") or body.get("detail") or body.get("error") or ""
        if not isinstance(message, str) or message.lstrip().startswith("<"):
            return ""
        line = " ".join(str(clean(message)).split())
        if len(self.key) >= SHORTEST_SECRET:
            line = line.replace(self.key, "[key]")
        line = _KEYS.sub("[key]", line)
        return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"

    def _connection(self, error: Exception) -> BackendError:
        cause = error.__cause__ or error
        if isinstance(cause, httpx2.DecodingError | httpx2.TooManyRedirects):
            return BackendGarbled(f"{BackendGarbled.__doc__} ({type(cause).__name__})")
        return BackendUnreachable(f"The backend at {self.host} can't be reached ({type(cause).__name__}).")


def _code(body: object) -> str | None:
    """The error's code; some servers put it into `type`."""
    if not isinstance(body, Mapping):
        return None
    for key in ("code", "type"):
        if isinstance(value := body.get(key), str) and value:
            return str(clean(value))[:100]
    return None


def _is_page(body: object, headers: Mapping[str, str]) -> bool:
    if isinstance(body, Mapping):
        return False
    return "html" in headers.get("content-type", "") or (
        isinstance(body, str) and body.lstrip().startswith("<")
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `Retry-After` (seconds or a date); None without."""
    try:
        if "retry-after-ms" in headers:
            seconds = float(headers["retry-after-ms"]) / 1000
        else:
            value = headers["retry-after"]
            seconds = float(value) if re.fullmatch(r"\s*[\d.]+\s*", value) else _until(value)
    except (KeyError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
