"""Alembic's entry: runs the versions on the connection and prefix it was handed."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table=attributes["version_table"],
    prefix=attributes["prefix"],
)
with context.begin_transaction():
    context.run_migrations()
