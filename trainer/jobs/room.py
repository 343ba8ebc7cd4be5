"""What a pass over the jobs needs of the disk: the home, and room in it. Each lack is logged once."""

import logging
import sqlite3

from trainer import disk
from trainer.store import Store

log = logging.getLogger(__name__)


class Room:
    """Remembers what has been told, until it is better."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.full = False
        self.homeless = False

    def is_home(self) -> bool:
        """Whether the home is there."""
        there = self.store.is_there()
        if not there and not self.homeless:
            log.error("The folder %s is gone: no job goes on until it is back", self.store.home)
        self.homeless = not there
        return there

    def is_lacking(self, error: Exception) -> bool:
        """Whether the next pass may get further: the reserve was given up, or the database waits for room."""
        if not disk.is_full(error):
            return False
        if not self.full:
            log.error("The disk is full: %s. What has ended is written down as soon as there is room", error)
        self.full = True
        return self.store.reserve.release() or isinstance(error, sqlite3.Error)

    def look(self) -> None:
        """With the reserve back there is room again."""
        self.full = self.full and not self.store.reserve.path.exists()
