"""The command line's part about files: `ft-bot validate`, `convert`, `split` and `redact`.

None of them needs a setting, a database or Slack.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Method = Literal["supervised", "dpo", "reinforcement"]


def validate(
    file: Annotated[Path, typer.Argument(help="A JSONL file, plain or packed with gzip or ZIP.")],
    json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
    model: Annotated[str | None, typer.Option(help="The base model whose limits count.")] = None,
    method: Annotated[Method | None, typer.Option(help="The method that the rows must fit.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The tokenizer, such as o200k_base.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens an example may have.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="A training file in which no row of this one may stand.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Compare all rows, however many they are.")] = False,
    refusal: Annotated[
        list[str] | None,
        typer.Option(help="How this set refuses, word for word; may be given several times."),
    ] = None,
    findings_csv: Annotated[Path | None, typer.Option(help="Write every finding to this CSV file.")] = None,
    histogram: Annotated[
        Path | None, typer.Option(help="Draw the tokens per example into this PNG file.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(help="Findings of each code in the report (20; in JSON 1000).", min=1)
    ] = None,
) -> None:
    """Check a dataset, row by row, before anybody pays for a run over it.

    Exit code 0: fine, warnings at most; 1: findings that are errors; 2: the file or an option can't be used.

    ft-bot validate held-out.jsonl --against train.jsonl --json
    """
    from tuning.datasets.cli import main_validate
    from views.histogram import histogram_png

    code = main_validate(
        file,
        as_json=json,
        base=model,
        method=method,
        encoding=encoding,
        max_tokens=max_tokens,
        against=against,
        deep=deep,
        refusals=refusal or (),
        findings_csv=findings_csv,
        histogram=histogram,
        draw=histogram_png,
        keep=keep,
    )
    raise typer.Exit(code)


def convert(
    file: Annotated[Path, typer.Argument(help="A table, Excel, Parquet or another JSON format.")],
    target: Annotated[
        Path | None, typer.Argument(help="The JSONL file, replaced if it is there; left out, it shows rows.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="What is asked, with {column} for a cell and {{ for a brace.")
    ] = None,
    assistant: Annotated[str | None, typer.Option(help="What is answered, likewise.")] = None,
    system: Annotated[str, typer.Option(help="A system prompt for rows that have none.")] = "",
) -> None:
    """Convert a file to JSONL. Exit code 0: all of it; 1: records were left out; 2: it can't be."""
    from tuning.datasets.commands import main_convert

    raise typer.Exit(main_convert(file, target, user=user, assistant=assistant, system=system))


def split(
    file: Annotated[Path, typer.Argument(help="A JSONL file.")],
    folder: Annotated[Path, typer.Argument(help="Where the parts are written.")],
    validation: Annotated[float, typer.Option(help="The share to validate with, 0 to 1.")] = 0.1,
    heldout: Annotated[float, typer.Option(help="The share to hold out, 0 to 1.")] = 0.1,
    seed: Annotated[int, typer.Option(help="The same seed makes the same parts.")] = 0,
    group_by: Annotated[str | None, typer.Option(help="A key of the rows that stay together.")] = None,
) -> None:
    """Split a dataset into rows to train on, to validate with and to hold out."""
    from tuning.datasets.commands import main_split

    done = main_split(file, folder, validation=validation, heldout=heldout, seed=seed, group_by=group_by)
    raise typer.Exit(done)


def redact(
    file: Annotated[Path, typer.Argument(help="A JSONL file.")],
    target: Annotated[Path, typer.Argument(help="The copy that is written.")],
) -> None:
    """Write a copy with placeholders for secrets and personal data."""
    from tuning.datasets.commands import main_redact

    raise typer.Exit(main_redact(file, target))
