"""`python -m tuning.datasets FILE`: the check as a process of its own, so that no event loop waits for it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tuning.datasets.cli import main_validate
from tuning.datasets.front import METHODS


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and validate; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tuning.datasets", description="Check a training file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--model", "--base", dest="base", help="base model: chooses limit, encoding and price"
    )
    parser.add_argument("--method", choices=METHODS)
    parser.add_argument("--encoding", help="tokenizer, overrides the base model's")
    parser.add_argument(
        "--max-tokens", type=int, help="tokens an example may have, overrides the base model's"
    )
    parser.add_argument("--keep", type=int, help="findings of each code in the report (20; JSON 1000)")
    parser.add_argument("--findings-csv", type=Path, help="write every finding to this file")
    parser.add_argument("--against", type=Path, help="training file in which no row of this one should stand")
    parser.add_argument("--deep", action="store_true", help="compare all rows, however many")
    parser.add_argument("--most-findings", type=int, help="write only so many of them (all)")
    parser.add_argument(
        "--progress",
        action="store_true",
        help="tell on standard error, as JSON, what is known so far; an interrupt ends the check early",
    )
    given = parser.parse_args(arguments)
    return main_validate(
        given.file,
        as_json=given.json,
        base=given.base,
        method=given.method,
        encoding=given.encoding,
        max_tokens=given.max_tokens,
        keep=given.keep,
        findings_csv=given.findings_csv,
        most_findings=given.most_findings,
        against=given.against,
        deep=given.deep,
        progress=given.progress,
    )


if __name__ == "__main__":
    sys.exit(main())
