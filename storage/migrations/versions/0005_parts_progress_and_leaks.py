"""Uploads in parts, how far a check is and who stopped it, and rows of validation data in training data."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.add_column(sa.Column("partial", sa.Text(), nullable=True))
    with op.batch_alter_table("drops", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seen", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("stopped_by", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "leaks",
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("training", sa.Text(), nullable=False),
        sa.Column("validation", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "training", "validation", name=op.f("pk_leaks")),
    )
