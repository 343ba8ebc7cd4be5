"""Which datasets were dropped in a direct message, and neither shared nor dropped in a channel since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("direct", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE datasets SET direct = true"
        " WHERE EXISTS (SELECT 1 FROM drops WHERE dataset_id = datasets.id AND channel LIKE 'D%')"
        " AND NOT EXISTS (SELECT 1 FROM drops WHERE dataset_id = datasets.id AND channel NOT LIKE 'D%')"
        " AND NOT EXISTS (SELECT 1 FROM updates WHERE kind = 'dataset_shared' AND subject = datasets.id)"
    )
