"""Storage on SQL databases, through SQLAlchemy Core.

``schema`` holds the tables, ``database`` the connections and their settings, ``stores`` the two
stores and their units of work; each repository lies in the file of its noun.
"""

from chatcore.storage.sql.stores import SqlAccountsStore, SqlChatStore

__all__ = ["SqlAccountsStore", "SqlChatStore"]
