"""For developers: `python -m storage.migrations "What changes"` writes the next migration from the schema.

Read what it wrote, then run `tests/contract/test_repositories_migrations.py`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from storage.engine import make_engine
from storage.migrate import config, migrate


async def write(message: str) -> None:
    """Compare a freshly migrated database with the schema and write down the difference."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'scratch.db'}"
        await migrate(url)
        engine = make_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(_write, message)
        await engine.dispose()


def _write(connection: Connection, message: str) -> None:
    settings = config()
    settings.attributes["connection"] = connection
    number = len(list(Path(__file__).with_name("versions").glob("*.py"))) + 1
    command.revision(settings, message, autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(write(sys.argv[1]))
