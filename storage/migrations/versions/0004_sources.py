"""What a version was made of, and the table of a rejected file's findings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("drops", "versions"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("source", sa.Text(), nullable=True))
            batch_op.add_column(sa.Column("source_sha256", sa.Text(), nullable=False, server_default=""))
            batch_op.create_index(batch_op.f(f"ix_{table}_source_sha256"), ["source_sha256"], unique=False)
    with op.batch_alter_table("drops", schema=None) as batch_op:
        batch_op.add_column(sa.Column("findings", sa.Text(), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_drops_findings"), ["findings"], unique=False)
