"""What axe finds on the page, as far as it matters."""

import json
from typing import Any


async def serious(page: Any, context: str | None = None) -> list[str]:
    """The violations that axe calls serious or worse, in light and in dark, each with the first places."""
    from axe_playwright_python.async_playwright import Axe

    found = []
    for theme in ("light", "dark"):
        await page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        found += _worst(theme, await Axe().run(page, context=context))
    return found


def _worst(theme: str, results: Any) -> list[str]:
    return [
        f"{theme}, {violation['id']}: {json.dumps([node['html'][:120] for node in violation['nodes']][:3])}"
        for violation in results.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
