"""Tables, migrations and repositories."""

from storage.files import KeptFiles, open_files
from storage.leases import SqlLeases
from storage.migrate import migrate
from storage.store import SqlStore, open_store

__all__ = ["KeptFiles", "SqlLeases", "SqlStore", "migrate", "open_files", "open_store"]
