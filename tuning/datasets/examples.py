"""A file's rows as conversations: what is asked and what is answered, for looking at meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zlib import crc32

from tuning.datasets import fast
from tuning.datasets.ranges import BOM, LONGEST_ROW
from tuning.datasets.rowcheck import value_type
from tuning.datasets.strict import read_line

_RESERVED = {"messages", "tools"}


class Example(NamedTuple):
    """One readable row. `prompt` is everything before the answer but the instructions, which are `system`.

    `rejected` is the answer that isn't preferred, of a preference pair. `data` is what a reinforcement item
    has for its grader: (key, JSON type), `reference` is that data as JSON. `refused` says that the last
    message has a `refusal`.
    """

    row: int
    offset: int
    system: str
    prompt: str
    answer: str
    rejected: str = ""
    data: tuple[tuple[str, str], ...] = ()
    reference: str = ""
    refused: bool = False

    @property
    def text(self) -> str:
        """Prompt and answers, without the instructions that many rows share."""
        return f"{self.prompt}\n{self.answer}\n{self.rejected}"


def read_examples(path: Path) -> Iterator[Example]:
    """The rows of a file that can be read and have messages, in order. Raises OSError."""
    with path.open("rb") as file:
        start = len(BOM) if file.read(len(BOM)) == BOM else 0
        file.seek(start)
        number, offset = 0, start
        while line := file.readline(LONGEST_ROW + 1):
            number += 1
            start, offset = offset, offset + len(line)
            if len(line) > LONGEST_ROW:
                offset += _skip_line(file)
            elif not line.isspace() and (example := _example(line.rstrip(b"\r\n"), number, start)):
                yield example


def example_in(file: BinaryIO, offset: int, *, next_line: bool = False) -> Example | None:
    """The row that begins at this byte, or the first that begins after it; its number isn't known (0)."""
    file.seek(offset)
    if next_line and offset:
        _skip_line(file)
    start, line = file.tell(), file.readline(LONGEST_ROW + 1)
    return _example(line.removeprefix(BOM).rstrip(b"\r\n"), 0, start) if len(line) <= LONGEST_ROW else None


def _skip_line(file: BinaryIO) -> int:
    """Go on to the next line; returns how many bytes were left out."""
    skipped = 0
    while part := file.readline(1 << 20):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped


def _example(line: bytes, row: int, offset: int) -> Example | None:
    if not line.strip():
        return None
    plain = fast.plain_row(line)
    if plain is not None:
        return _of_messages([(m.role, m.content) for m in plain.messages], row, offset)
    read = read_line(line)
    if not read.readable or not isinstance(read.value, dict):
        return None
    value = read.value.get("input")
    holder = value if isinstance(value, dict) else read.value
    said = _said(holder.get("messages"))
    chosen, rejected = (_said(read.value.get(f"{kind}preferred_output")) for kind in ("", "non_"))
    if chosen or rejected:
        said.append(("assistant", _joined(chosen)))
    example = _of_messages(said, row, offset)
    if example is None:
        return None
    data = _data(read.value, holder)
    reference = (
        json.dumps({key: read.value[key] for key, _ in data}, sort_keys=True, default=str) if data else ""
    )
    return example._replace(
        rejected=_joined(rejected), data=data, reference=reference, refused=_is_refusal(holder)
    )


def _data(row: dict[str, Any], holder: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    if holder is not row:
        return ()
    return tuple(sorted((key, value_type(row[key])) for key in row.keys() - _RESERVED))


def _is_refusal(holder: dict[str, Any]) -> bool:
    messages = holder.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    return isinstance(last, dict) and isinstance(last.get("refusal"), str) and bool(last["refusal"])


def _of_messages(said: list[tuple[str, str]], row: int, offset: int) -> Example | None:
    if not said:
        return None
    answer = said.pop()[1] if said[-1][0] == "assistant" else ""
    system = "\n".join(text for role, text in said if role in ("system", "developer"))
    prompt = "\n".join(text for role, text in said if role not in ("system", "developer"))
    return Example(row, offset, system, prompt, answer)


def _said(messages: Any) -> list[tuple[str, str]]:
    found = []
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            found.append((str(message.get("role")), _text(message)))
    return found


def _joined(said: list[tuple[str, str]]) -> str:
    return "\n".join(text for _, text in said)


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [text for part in parts if isinstance(part, dict) and isinstance(text := part.get("text"), str)]
    images = [_url(part) for part in parts if isinstance(part, dict) and "image_url" in part]
    calls = [message[key] for key in ("tool_calls", "function_call") if message.get(key)]
    texts += [refusal] if isinstance(refusal := message.get("refusal"), str) else []
    return "\n".join([*texts, *images, *(json.dumps(call, default=str)[:100_000] for call in calls)])


def _url(part: dict[str, Any]) -> str:
    image = part["image_url"]
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str):
        return ""
    return f"image {crc32(url.encode()):08x}" if url[:5].lower() == "data:" else url[-2000:]
