"""What a corrected file changed against a rejected one, and what a file waits for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("drops", schema=None) as batch_op:
        batch_op.add_column(sa.Column("corrects", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("corrected_by", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("waiting", sa.Text(), nullable=True))
