"""Checking training files: what is wrong in which row, how many tokens, and what it will cost."""

from tuning.datasets.check import CannotRead, check_file
from tuning.datasets.private import CODES as PRIVATE_CODES
from tuning.datasets.report import SCHEMA, Finding, Price, Report

__all__ = ["PRIVATE_CODES", "SCHEMA", "CannotRead", "Finding", "Price", "Report", "check_file"]
