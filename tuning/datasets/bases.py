"""What a base and a method say about a file: whether they fit it, and what is known of the base at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tuning.datasets.report import Finding
from tuning.datasets.rowcheck import quoted
from tuning.datasets.rules import make_finding

if TYPE_CHECKING:
    from tuning.datasets.finish import Subject


def base_findings(subject: Subject, image_examples: int) -> Iterator[Finding]:
    """Findings that depend on the base and the method that were asked for."""
    yield from _images(subject, image_examples)
    yield from _method(subject)
    if subject.assumed:
        are = "are" if subject.assumed[-1].endswith("tokens") else "is"
        what = f"No base {quoted(subject.base)} is on record: {' and '.join(subject.assumed)} {are} assumed"
        yield make_finding("unknown_base", what)
    base = subject.prices.known(subject.base)
    if base and base.shutdown and subject.today >= base.shutdown:
        yield make_finding("base_gone", f"OpenAI shut {base.name} down on {base.shutdown}")


def _images(subject: Subject, image_examples: int) -> Iterator[Finding]:
    base = subject.prices.find(subject.base)
    if image_examples and base and not base.images:
        stand = count(image_examples, "example")
        what = f"The guide to images doesn't list {base.name}, and images stand in {stand}"
        yield make_finding("images_not_offered", what)


def _method(subject: Subject) -> Iterator[Finding]:
    seen, method = subject.seen.format, subject.method
    if method and seen not in (method, "unknown"):
        yield make_finding("format_mismatch", f"The method is {method}, the rows are {seen}")
    base = subject.prices.known(subject.base)
    wanted = method or (seen if seen != "unknown" else None)
    if base and wanted and wanted not in base.methods:
        yield make_finding("method_not_offered", f"{base.name} can't be trained with {wanted}")


def count(number: int, noun: str) -> str:
    """A number of things in words."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
