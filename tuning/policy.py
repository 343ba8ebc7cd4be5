"""Who may do what: the only place that decides it.

A member of a workspace sees and asks everything of that workspace and nothing of another.
What changes or ends somebody's work is for its owner and for administrators (FT_ADMINS).
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
