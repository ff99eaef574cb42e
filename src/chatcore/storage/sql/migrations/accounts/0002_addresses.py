"""E-mail addresses, phone numbers, personal information, and a place in lists without a name."""

import sqlalchemy as sa
from alembic import context, op

revision = "accounts_0002"
down_revision = "accounts_0001"


def upgrade() -> None:
    """Add the columns; who has a username keeps their place in lists."""
    prefix = context.config.attributes["prefix"]
    table = f"{prefix}users"
    for column in (
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_key", sa.String(length=191), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("information", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("list_key", sa.String(length=191), nullable=True),
    ):
        op.add_column(table, column)
    users = sa.table(table, sa.column("username_key"), sa.column("list_key"))
    op.execute(users.update().values(list_key=users.c.username_key))
    for name in ("email_key", "phone", "list_key"):
        op.create_index(f"{prefix}users_{name}", table, [name], unique=True)
