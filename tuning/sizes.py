"""Sizes as people read them."""

from __future__ import annotations


def size(number_of_bytes: int) -> str:
    """1536 -> 1.5 kB; powers of 1,000, as file managers show them."""
    if number_of_bytes < 1000:
        return f"{number_of_bytes:,} byte" + ("" if number_of_bytes == 1 else "s")
    amount = float(number_of_bytes)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:,.1f} TB"
