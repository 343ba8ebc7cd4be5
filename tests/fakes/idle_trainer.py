"""The real trainer with no place for a training: its jobs wait, so that a test costs no processor."""

import sys
from typing import Any

from trainer.__main__ import main
from trainer.jobs.executors.local import LocalExecutor

_begin = LocalExecutor.__init__


def _without_places(self: LocalExecutor, *args: Any, **options: Any) -> None:
    _begin(self, *args, **options)
    self.places = 0


LocalExecutor.__init__ = _without_places  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main())
