"""How deep JSON is nested: what is deeper than anyone writes would end a template, not tell it anything."""

import json
from typing import Any

MOST = 100


def too_deep(value: Any) -> bool:
    """Whether lists and objects stand more than MOST deep in each other."""
    level = [value]
    for _ in range(MOST + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> list[Any]:
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [inner for inner in held if isinstance(inner, dict | list)]


def text_too_deep(text: str) -> bool:
    """The same for JSON that stands in a string; text that is no JSON has no depth."""
    try:
        return too_deep(json.loads(text))
    except RecursionError:
        return True
    except ValueError:
        return False
