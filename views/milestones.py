"""Replies in a job's thread: what happened once and won't change any more.

They are rendered from stored payloads, which may be older than this code: a key that is missing
or of another type than expected leaves its words out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tuning.records import Progress
from views.blocks import actions, button, notice
from views.job_card import failure_words, loss_words, step_words
from views.numbers import count, duration
from views.rendered import Block, Rendered
from views.text import code, escape, mention

Payload = Mapping[str, Any]


def milestone(payload: Payload) -> Rendered:
    """A reply for a payload whose `kind` is one of KINDS; another kind shows its message."""
    words = KINDS.get(_text(payload, "kind"), _anything)
    return notice(words(payload), *_buttons(payload))


def _started(payload: Payload) -> str:
    what = _what(payload)
    return f"🏃 Training has started{':' + what if what else ''}. The card above shows how it goes."


def _first_metrics(payload: Payload) -> str:
    return f"📈 First numbers: {_metrics(payload) or 'the backend has begun to report'}."


def _checkpoint(payload: Payload) -> str:
    name = _text(payload, "checkpoint")
    at = step_words(_progress(payload))
    if not name:
        return f"💾 Checkpoint{' at ' + at if at else ''} saved."
    losses = loss_words(_progress(payload))
    head = " · ".join(part for part in (f"💾 Checkpoint {code(name)}", at, losses) if part)
    return f"{head}\nIt answers already: {_ask_hint(name)}"


def _warning(payload: Payload) -> str:
    return f"⚠️ The backend warns: {escape(_text(payload, 'message'), 2000) or 'it gave no details'}"


def _succeeded(payload: Payload) -> str:
    model = _text(payload, "model")
    facts = [_trained(payload), _took(payload), loss_words(_progress(payload))]
    lines = [f"✅ {_owner(payload)}the job{_what(payload)} succeeded."]
    lines += [" · ".join(fact for fact in facts if fact)] if any(facts) else []
    if model:
        lines += [f"Your model: {code(model)}", f"Try it: {_ask_hint(model)}"]
    else:
        lines.append("The backend gave the model no name, so it can't be asked here: tell the administrator.")
    return "\n".join(lines)


def _failed(payload: Payload) -> str:
    why = failure_words(_text(payload, "code") or None, _text(payload, "message") or None)
    return f"❌ {_owner(payload)}the job{_what(payload)} failed.\n{why}"


def _cancelled(payload: Payload) -> str:
    by = _text(payload, "by")
    who = f" by {mention(by)}" if by else " at the backend"
    at = step_words(_progress(payload))
    return f"🚫 The job{_what(payload)} was cancelled{who}{' at ' + at if at else ''}."


def _anything(payload: Payload) -> str:
    message = escape(_text(payload, "message"), 2000)
    return message or f"News of the job: {escape(_text(payload, 'kind'), 60) or 'unknown'}"


KINDS: dict[str, Callable[[Payload], str]] = {
    "started": _started,
    "first_metrics": _first_metrics,
    "checkpoint": _checkpoint,
    "warning": _warning,
    "succeeded": _succeeded,
    "failed": _failed,
    "cancelled": _cancelled,
}


def _buttons(payload: Payload) -> list[Block]:
    kind, job_id, model = (_text(payload, key) for key in ("kind", "job_id", "model"))
    buttons = []
    if kind == "succeeded" and model:
        buttons.append(button("Ask it", "ask_model", model, style="primary"))
    if kind in ("succeeded", "failed") and job_id:
        buttons.append(button("Events", "job_events", job_id))
    return [actions(*buttons)] if buttons else []


def _ask_hint(model: str) -> str:
    return code(f"/ask {model} your question", 300)


def _owner(payload: Payload) -> str:
    owner = _text(payload, "owner")
    return f"{mention(owner)}: " if owner else ""


def _what(payload: Payload) -> str:
    dataset, base = _text(payload, "dataset"), _text(payload, "base")
    named = [code(name, 120) for name in (dataset, base) if name]
    return " " + " → ".join(named) if named else ""


def _metrics(payload: Payload) -> str:
    progress = _progress(payload)
    return " · ".join(part for part in (step_words(progress), loss_words(progress)) if part)


def _trained(payload: Payload) -> str:
    tokens = _number(payload, "trained_tokens")
    return f"{count(int(tokens))} tokens trained" if tokens is not None else ""


def _took(payload: Payload) -> str:
    seconds = _number(payload, "seconds")
    return f"took {duration(seconds)}" if seconds is not None else ""


def _progress(payload: Payload) -> Progress:
    step, total = _number(payload, "step"), _number(payload, "total_steps")
    return Progress(
        step=None if step is None else int(step),
        total_steps=None if total is None else int(total),
        train_loss=_number(payload, "train_loss"),
        valid_loss=_number(payload, "valid_loss"),
    )


def _text(payload: Payload, key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def _number(payload: Payload, key: str) -> float | None:
    value = payload.get(key)
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if known else None
