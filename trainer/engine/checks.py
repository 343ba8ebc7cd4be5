"""Whether a training file can be trained on; knows no model and no library, so that it starts at once."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trainer.engine.halves import half_problem
from trainer.engine.rowchecks import Row, preference_problem, supervised_problem

FEWEST = 10
SHOWN = 5
LONGEST = 300


class BadFile(Exception):
    """The file can't be trained on; `code` is the one that OpenAI uses."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Line:
    """One line of a file: the row, or what is wrong with it."""

    number: int
    row: Row | None
    problem: str | None


def verify(path: Path, method: str, fewest: int = FEWEST) -> None:
    """Raise BadFile if a file can't be trained on, whatever its size, without keeping its rows."""
    for _ in good(path, method, fewest):
        pass


def read(path: Path, method: str, fewest: int = FEWEST) -> list[Row]:
    """All rows of a file that can be trained on; raises BadFile as verify does."""
    return list(good(path, method, fewest))


def good(path: Path, method: str, fewest: int) -> Iterator[Row]:
    """Each good row; at the file's end raises BadFile naming the first rows that aren't, and why."""
    rows, bad, shown = 0, 0, []
    for line in lines(path, method):
        if line.problem:
            bad += 1
            if bad <= SHOWN:
                shown.append(f"Line {line.number}: {_short(line.problem)}")
        elif line.row is not None and not bad:
            rows += 1
            yield line.row
    if bad:
        more = f" (and {bad - SHOWN} more)" if bad > SHOWN else ""
        raise BadFile("invalid_training_file", " ".join(shown) + more)
    if rows < fewest:
        words = f"The file has {rows} example(s), but must have at least {fewest}."
        raise BadFile("invalid_n_examples", words)


def _short(problem: str) -> str:
    return problem if len(problem) <= LONGEST else f"{problem[:LONGEST]}..."


def lines(path: Path, method: str) -> Iterator[Line]:
    """Each line that isn't blank, checked for a method."""
    check = preference_problem if method == "dpo" else supervised_problem
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield _line(number, raw, check)


def _line(number: int, raw: bytes, check: Callable[[Row], str | None]) -> Line:
    try:
        row = json.loads(raw.rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return Line(number, None, f"not UTF-8 (byte {error.start + 1} of the line).")
    except json.JSONDecodeError as error:
        said = error.msg.removesuffix(" at")
        return Line(number, None, f"not valid JSON ({said} at character {error.pos + 1}).")
    except (ValueError, RecursionError) as error:
        return Line(number, None, f"not valid JSON ({error}).")
    if not isinstance(row, dict):
        return Line(number, None, "not a JSON object.")
    problem = check(row) or (half_problem(row) if b"\\u" in raw else None)
    return Line(number, row, problem)
