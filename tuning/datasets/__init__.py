"""Checking training files: what is wrong in which row, how many tokens, and what it will cost.

What is named here is imported when it is asked for: a worker process needs little of it, and soon.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuning.datasets.front import CannotRead, check_file
    from tuning.datasets.private import CODES as PRIVATE_CODES
    from tuning.datasets.report import SCHEMA, Finding, Price, Report

__all__ = ["PRIVATE_CODES", "SCHEMA", "CannotRead", "Finding", "Price", "Report", "check_file"]

_HOME = {"check_file": "front", "CannotRead": "front", "PRIVATE_CODES": "private"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_HOME.get(name, 'report')}")
    return getattr(module, "CODES" if name == "PRIVATE_CODES" else name)
