"""The records that the domain owns: frozen, typed, free of SDK and ORM types.

Times are aware datetimes in UTC. `workspace` is a Slack team id; every record belongs to one.
Outside this package they are imported from `tuning.records`, whichever module they stand in.
"""

from tuning.records.backend import BackendFile, BackendJob, BackendModel, Delta
from tuning.records.datasets import (
    Acceptance,
    Dataset,
    Diff,
    Overlap,
    Source,
    SplitAsked,
    Step,
    Version,
    at_version,
)
from tuning.records.drops import (
    Correction,
    Drop,
    DropState,
    Edit,
    Moved,
    Offer,
    Remedy,
    RemedyKind,
    SharedFile,
    Waiting,
)
from tuning.records.jobs import ENDED, LAUNCHING, Checkpoint, Event, Job, Progress, Status
from tuning.records.models import Ask, Model
from tuning.records.people import Person
from tuning.records.plans import Estimate, Hyperparameters, Method, Plan
from tuning.records.updates import Update, UpdateState
from tuning.records.uploads import PartialUpload, Upload, UploadState

__all__ = [
    "ENDED",
    "LAUNCHING",
    "Acceptance",
    "Ask",
    "BackendFile",
    "BackendJob",
    "BackendModel",
    "Checkpoint",
    "Correction",
    "Dataset",
    "Delta",
    "Diff",
    "Drop",
    "DropState",
    "Edit",
    "Estimate",
    "Event",
    "Hyperparameters",
    "Job",
    "Method",
    "Model",
    "Moved",
    "Offer",
    "Overlap",
    "PartialUpload",
    "Person",
    "Plan",
    "Progress",
    "Remedy",
    "RemedyKind",
    "SharedFile",
    "Source",
    "SplitAsked",
    "Status",
    "Step",
    "Update",
    "UpdateState",
    "Upload",
    "UploadState",
    "Version",
    "Waiting",
    "at_version",
]
