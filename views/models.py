"""Lists of models, and what is said before and after one is deleted."""

from __future__ import annotations

from collections.abc import Sequence

from tuning.records import Model
from views.blocks import PAGE, actions, button, more, notice, rendered, section
from views.job_card import delete_button
from views.numbers import plural, when
from views.rendered import Block, Rendered
from views.text import code, mention

NO_MODELS = "No models yet: a job makes one. Type `/ft train`, or press *Train* on a dataset's card."


def model_list(models: Sequence[Model], start: int = 0, search: str = "") -> Rendered:
    """One page of the models that were searched for, from `start` on; `more_models` turns the page."""
    if not models:
        return notice(NO_MODELS)
    page = models[start : start + PAGE]
    summary = f"{plural(len(models), 'model')}:\n" + "\n".join(_line(model) for model in page)
    blocks: list[Block] = [section(f"*{plural(len(models), 'model')}*")]
    for model in page:
        blocks += [section(_line(model)), actions(*_buttons(model))]
    return rendered(summary, [*blocks, *more("more_models", start, len(models), search=search)])


def _line(model: Model) -> str:
    return f"{code(model.id)}\nfrom {code(model.base)} · {mention(model.owner)} · {when(model.created_at)}"


def _buttons(model: Model) -> list[Block]:
    ask = button("Ask it", "ask_model", model.id, style="primary")
    return [ask, button("Its job", "show_job", model.job_id), delete_button(model.id)]


def confirm_delete(model: Model) -> Rendered:
    """The question that `/ft delete` asks."""
    text = (
        f"Delete {code(model.id)}? It will answer no more, and this can't be undone."
        f"\nOwner {mention(model.owner)}, made {when(model.created_at)}"
    )
    return notice(
        text,
        actions(
            button("Delete the model", "delete_model_yes", model.id, style="danger"),
            button("Keep it", "keep_model", model.id),
        ),
    )


def deleted_notice(model: Model, by: str) -> Rendered:
    """The line that the channel keeps of a deletion; `by` is a user id."""
    owner = "" if by == model.owner else f", owned by {mention(model.owner)}"
    return notice(f"🗑️ {mention(by)} deleted the model {code(model.id)}{owner}. It answers no more.")
