"""The process that reads a workbook: it may be ended by the memory that a workbook asks for."""

from __future__ import annotations

import datetime
import resource
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from tuning.datasets.headers import MOST_TITLES, header_at, recognised
from tuning.datasets.pipes import send
from tuning.datasets.sheets import Refused, Sheet

MOST_MEMORY = 4 << 30
_BATCH = 1000


def main(path: str, pipe: int) -> None:
    """Send which sheet is read, its rows in batches, and an empty batch; or why it can't be read."""
    with suppress(ValueError, OSError):  # a lower limit is set already
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    import python_calamine

    with suppress(BrokenPipeError):
        try:
            book = python_calamine.CalamineWorkbook.from_path(path)
            _send(book, python_calamine.SheetVisibleEnum.Visible, pipe)
        except python_calamine.PasswordError:
            send(pipe, Refused("The workbook has a password. Save it without one, or as CSV."))
        except (python_calamine.CalamineError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            send(pipe, Refused("The workbook can't be read. Save it as CSV."))


def _send(book: Any, visible: Any, pipe: int) -> None:
    hidden = [sheet.name for sheet in book.sheets_metadata if sheet.visible != visible]
    names = sorted(book.sheet_names, key=lambda name: name in hidden)
    filled: list[str] = []
    sheet, known = None, False
    for name in names:
        found = book.get_sheet_by_name(name)
        head = list(islice(filter(any, _rows(found)), MOST_TITLES))
        if not head:
            continue
        filled.append(name)
        told = name not in hidden and recognised(head[header_at(head)])
        if sheet is None or (told and not known):
            sheet, known = found, told
    if sheet is None:
        send(pipe, Sheet("", ()))
        send(pipe, [])
        return
    others = tuple(name for name in filled if name != sheet.name)
    send(pipe, Sheet(sheet.name, others))
    rows = _rows(sheet)
    while batch := list(islice(rows, _BATCH)):
        send(pipe, batch)
    send(pipe, [])


def _rows(sheet: Any) -> Iterator[list[str]]:
    """All rows from the first row of the sheet on, be they empty."""
    return ([_cell(cell) for cell in cells] for cells in sheet.iter_rows()) if sheet.start else iter(())


def _cell(value: Any) -> str:
    """A cell as a person sees it: Excel shows 15 digits, and its times are days that were rounded."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return str((value + datetime.timedelta(microseconds=500_000)).replace(microsecond=0))
    return str(value)
