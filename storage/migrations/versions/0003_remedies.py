"""What was asked for with a rejected file, how it would be converted, and who accepted what is private."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("drops", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remedy", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("offer", sa.Text(), nullable=True))

    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("accepted", sa.Text(), nullable=True))
