"""Who may do what: the only place that decides it.

A member of a workspace sees and asks everything of that workspace and nothing of another.
What changes or ends somebody's work is for its owner and for administrators (FT_ADMINS). So is what is
private: secrets and personal data that were accepted, and the rows of what was dropped in a direct message.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from tuning.errors import NotAllowed
from tuning.records import Person


class Action(StrEnum):
    see = "see"
    ask = "ask"
    train = "train on"
    cancel = "cancel"
    delete = "delete"
    rename = "rename"
    share = "share"
    download = "download"
    see_rows = "see the examples of"
    see_private = "see what is private in"
    add_version = "add a version to"
    stop = "stop or repeat the check of"
    mend = "mend"
    redact = "redact"
    accept = "accept the private data in"
    convert = "convert"
    divide = "split"


FOR_MEMBERS = frozenset({Action.see, Action.ask, Action.train})


class Owned(Protocol):
    @property
    def workspace(self) -> str: ...
    @property
    def owner(self) -> str: ...


class Dropped(Owned, Protocol):
    @property
    def direct(self) -> bool: ...


def to_see_rows(dataset: Dropped) -> Action:
    """What a person must be allowed to be shown examples: more, where nobody else has seen the file."""
    return Action.see_rows if dataset.direct else Action.see


def may(person: Person, action: Action, thing: Owned) -> bool:
    """Whether this person may do this to this dataset, dropped file, job or model."""
    if person.workspace != thing.workspace:
        return False
    return action in FOR_MEMBERS or person.admin or person.user == thing.owner


def require(person: Person, action: Action, thing: Owned, name: str) -> None:
    """Raise NotAllowed with the owner's name when the person may not.

    The message holds the owner as `<@U...>`: the one mention that views let through.
    """
    if not may(person, action, thing):
        raise NotAllowedTo(action, name, thing.owner)


class NotAllowedTo(NotAllowed):
    """Somebody tried what only the owner or an administrator may do."""

    def __init__(self, action: Action, name: str, owner: str) -> None:
        self.owner = owner
        super().__init__(
            f"Only its owner or an administrator may {action.value} {name}.",
            remedy="Ask the owner to do it.",
        )
