"""The tables. A column has the name of its record's field; the few more that a table keeps say why.

Every row belongs to a workspace, except a lease, which belongs to a process.
"""

from storage.schema.columns import metadata
from storage.schema.data import datasets, drops, edits, leaks, splits, uploads, versions
from storage.schema.delivery import deeds, leases, updates
from storage.schema.training import asks, checkpoints, events, jobs, models

__all__ = [
    "asks",
    "checkpoints",
    "datasets",
    "deeds",
    "drops",
    "edits",
    "events",
    "jobs",
    "leaks",
    "leases",
    "metadata",
    "models",
    "splits",
    "updates",
    "uploads",
    "versions",
]
