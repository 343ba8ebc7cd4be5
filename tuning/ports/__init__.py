"""What the domain needs of the world outside, as protocols that gateways and storage fulfil.

Every backend call raises a `tuning.errors.BackendError` and nothing else. A lookup by id that
finds nothing returns None; listings are newest first unless said otherwise.
Outside this package they are imported from `tuning.ports`, whichever module they stand in.
"""

from tuning.ports.backend import Backend, Sent
from tuning.ports.clock import Clock
from tuning.ports.datasets import Datasets, Drops, Overlaps, Splits, Uploads
from tuning.ports.delivery import Deeds, Updates
from tuning.ports.files import DatasetFiles, SharedFiles
from tuning.ports.jobs import Asks, Jobs, Models
from tuning.ports.store import Leases, Store, Transaction
from tuning.ports.workers import Checker, CheckListener, Comparer, Leaks, Reworker

__all__ = [
    "Asks",
    "Backend",
    "CheckListener",
    "Checker",
    "Clock",
    "Comparer",
    "DatasetFiles",
    "Datasets",
    "Deeds",
    "Drops",
    "Jobs",
    "Leaks",
    "Leases",
    "Models",
    "Overlaps",
    "Reworker",
    "Sent",
    "SharedFiles",
    "Splits",
    "Store",
    "Transaction",
    "Updates",
    "Uploads",
]
