"""Contacts; what users chose to keep to themselves; when a chosen status ends."""

import sqlalchemy as sa
from alembic import context, op

revision = "chat_0003"
down_revision = "chat_0002"


def upgrade() -> None:
    """Make them, and note who has blocks."""
    prefix = context.config.attributes["prefix"]
    op.create_table(
        f"{prefix}contacts",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("other_id", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=128), nullable=False),
        sa.Column("incoming", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("me_rev", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "other_id"),
    )
    op.add_column(f"{prefix}actors", sa.Column("settings", sa.Text(), nullable=True))
    op.add_column(
        f"{prefix}actors",
        sa.Column("has_blocks", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    ends = sa.text("until IS NOT NULL")
    op.create_index(
        f"{prefix}presence_until",
        f"{prefix}presence",
        ["until"],
        unique=False,
        sqlite_where=ends,
        postgresql_where=ends,
    )
    _note_blocks(prefix)


def _note_blocks(prefix: str) -> None:
    """Whoever is in a block gets a row that says so."""
    actors = sa.table(
        f"{prefix}actors",
        *(sa.column(name) for name in ("user_id", "epoch", "rev", "profile_rev", "touched_at")),
        sa.column("active", sa.Boolean()),
        sa.column("has_blocks", sa.Boolean()),
    )
    blocks = sa.table(f"{prefix}blocks", sa.column("user_id"), sa.column("other_id"))
    inside = sa.union(sa.select(blocks.c.user_id), sa.select(blocks.c.other_id)).subquery()
    missing = sa.select(
        inside.c.user_id, sa.true(), sa.literal(1), *(sa.literal(0),) * 3, sa.true()
    ).where(inside.c.user_id.not_in(sa.select(actors.c.user_id)))
    columns = ["user_id", "active", "epoch", "rev", "profile_rev", "touched_at", "has_blocks"]
    op.execute(
        actors.update()
        .where(actors.c.user_id.in_(sa.select(inside.c.user_id)))
        .values(has_blocks=sa.true())
    )
    op.execute(actors.insert().from_select(columns, missing))
