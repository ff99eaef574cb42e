"""The two stores, and their units of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Generic, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.exc import DBAPIError

from chatcore.config import Settings
from chatcore.errors import Misconfigured, Unavailable, UnknownOutcome
from chatcore.ids import BatchId, Clock, Milliseconds, account_stream, new_id
from chatcore.ports.storage import AccountsUnit, ChatUnit, Store
from chatcore.storage.sql.accounts import SqlSessions, SqlUsers
from chatcore.storage.sql.actors import SqlActors, SqlBlocks
from chatcore.storage.sql.audit import SqlAudit
from chatcore.storage.sql.bans import SqlBans
from chatcore.storage.sql.bookmarks import SqlBookmarks
from chatcore.storage.sql.contacts import SqlContacts
from chatcore.storage.sql.conversations import SqlConversations
from chatcore.storage.sql.database import Database
from chatcore.storage.sql.erasure import SqlErasures
from chatcore.storage.sql.exports import SqlExports
from chatcore.storage.sql.fts5 import WordIndex
from chatcore.storage.sql.invites import SqlInvites
from chatcore.storage.sql.members import SqlMembers
from chatcore.storage.sql.messages import SqlMessages
from chatcore.storage.sql.migrations import upgrade
from chatcore.storage.sql.pins import SqlPins
from chatcore.storage.sql.polls import SqlPolls
from chatcore.storage.sql.presence import SqlPresence
from chatcore.storage.sql.reactions import SqlHidden, SqlReactions
from chatcore.storage.sql.reports import SqlReports
from chatcore.storage.sql.repository import Session
from chatcore.storage.sql.resets import SqlResets
from chatcore.storage.sql.retention import SqlRetention
from chatcore.storage.sql.revisions import SqlRevisions
from chatcore.storage.sql.scheduled import SqlScheduled
from chatcore.storage.sql.schema import AccountsSchema, ChatSchema
from chatcore.storage.sql.search import SqlSearch
from chatcore.storage.sql.threads import SqlThreads
from chatcore.storage.sql.unread import SqlUnread
from chatcore.storage.sql.uploads import SqlUploads

U = TypeVar("U", bound="SqlChatUnit | SqlAccountsUnit")

_LOCKED = ("database is locked", "database table is locked")
_FULL = "database or disk is full"


class _Repositories:
    """Prototypes of the chat store's repositories: their statements are built once a process."""

    def __init__(self, prefix: str) -> None:
        self.schema = schema = ChatSchema(prefix)
        self.conversations = SqlConversations(schema)
        self.members = SqlMembers(schema)
        self.bans = SqlBans(schema)
        self.invites = SqlInvites(schema)
        self.messages = SqlMessages(schema)
        self.reactions = SqlReactions(schema)
        self.hidden = SqlHidden(schema)
        self.threads = SqlThreads(schema)
        self.polls = SqlPolls(schema)
        self.pins = SqlPins(schema)
        self.revisions = SqlRevisions(schema)
        self.actors = SqlActors(schema)
        self.blocks = SqlBlocks(schema)
        self.contacts = SqlContacts(schema)
        self.presence = SqlPresence(schema)
        self.uploads = SqlUploads(schema)
        self.unread = SqlUnread(schema)
        self.bookmarks = SqlBookmarks(schema)
        self.search = SqlSearch(schema)
        self.reports = SqlReports(schema)
        self.erasures = SqlErasures(schema)
        self.exports = SqlExports(schema)
        self.audit = SqlAudit(schema.audit)
        self.scheduled = SqlScheduled(schema)
        self.retention = SqlRetention(schema)


class _AccountsRepositories:
    """Those of the accounts store."""

    def __init__(self, prefix: str) -> None:
        self.schema = schema = AccountsSchema(prefix)
        self.users = SqlUsers(schema)
        self.sessions = SqlSessions(schema)
        self.resets = SqlResets(schema)
        self.audit = SqlAudit(schema.audit)


# Tables and statements are never changed once they are built: engines share them.
_repositories = cache(_Repositories)
_accounts_repositories = cache(_AccountsRepositories)


class _Unit:
    """What both units share: an age limit, and an end."""

    def __init__(self, session: Session, expired: Callable[[], bool]) -> None:
        self._session = session
        self._expired = expired
        self.now = session.now

    @property
    def writes(self) -> int:
        return self._session.writes

    def _finish(self) -> None:
        if self._expired():
            raise Unavailable("The transaction took too long; nothing was changed")
        connection = self._session.connection
        try:
            connection.commit()
        except DBAPIError:
            # The pool takes it for committed, and would hand it out with its transaction open.
            connection.invalidate()
            raise


class SqlChatUnit(_Unit, ChatUnit):
    """A transaction on the chat store."""

    def __init__(
        self,
        session: Session,
        expired: Callable[[], bool],
        schema: ChatSchema,
        prototypes: _Repositories,
        epoch: str,
        committed: Callable[[BatchId], bool],
    ) -> None:
        super().__init__(session, expired)
        self.epoch = epoch
        self._committed = committed
        self._schema = schema
        self._prototypes = prototypes

    @cached_property
    def conversations(self) -> SqlConversations:  # type: ignore[override]
        return self._prototypes.conversations.bind(self._session)

    @cached_property
    def members(self) -> SqlMembers:  # type: ignore[override]
        return self._prototypes.members.bind(self._session)

    @cached_property
    def bans(self) -> SqlBans:  # type: ignore[override]
        return self._prototypes.bans.bind(self._session)

    @cached_property
    def invites(self) -> SqlInvites:  # type: ignore[override]
        return self._prototypes.invites.bind(self._session)

    @cached_property
    def messages(self) -> SqlMessages:  # type: ignore[override]
        return self._prototypes.messages.bind(self._session)

    @cached_property
    def reactions(self) -> SqlReactions:  # type: ignore[override]
        return self._prototypes.reactions.bind(self._session)

    @cached_property
    def hidden(self) -> SqlHidden:  # type: ignore[override]
        return self._prototypes.hidden.bind(self._session)

    @cached_property
    def threads(self) -> SqlThreads:  # type: ignore[override]
        return self._prototypes.threads.bind(self._session)

    @cached_property
    def polls(self) -> SqlPolls:  # type: ignore[override]
        return self._prototypes.polls.bind(self._session)

    @cached_property
    def pins(self) -> SqlPins:  # type: ignore[override]
        return self._prototypes.pins.bind(self._session)

    @cached_property
    def revisions(self) -> SqlRevisions:  # type: ignore[override]
        return self._prototypes.revisions.bind(self._session)

    @cached_property
    def actors(self) -> SqlActors:  # type: ignore[override]
        return self._prototypes.actors.bind(self._session)

    @cached_property
    def blocks(self) -> SqlBlocks:  # type: ignore[override]
        return self._prototypes.blocks.bind(self._session)

    @cached_property
    def contacts(self) -> SqlContacts:  # type: ignore[override]
        return self._prototypes.contacts.bind(self._session)

    @cached_property
    def presence(self) -> SqlPresence:  # type: ignore[override]
        return self._prototypes.presence.bind(self._session)

    @cached_property
    def uploads(self) -> SqlUploads:  # type: ignore[override]
        return self._prototypes.uploads.bind(self._session)

    @cached_property
    def search(self) -> SqlSearch:  # type: ignore[override]
        return self._prototypes.search.bind(self._session)

    @cached_property
    def exports(self) -> SqlExports:  # type: ignore[override]
        return self._prototypes.exports.bind(self._session)

    @cached_property
    def erasures(self) -> SqlErasures:  # type: ignore[override]
        return self._prototypes.erasures.bind(self._session)

    @cached_property
    def reports(self) -> SqlReports:  # type: ignore[override]
        return self._prototypes.reports.bind(self._session)

    @cached_property
    def audit(self) -> SqlAudit:  # type: ignore[override]
        return self._prototypes.audit.bind(self._session)

    @cached_property
    def scheduled(self) -> SqlScheduled:  # type: ignore[override]
        return self._prototypes.scheduled.bind(self._session)

    @cached_property
    def retention(self) -> SqlRetention:  # type: ignore[override]
        return self._prototypes.retention.bind(self._session)

    @cached_property
    def unread(self) -> SqlUnread:  # type: ignore[override]
        return self._prototypes.unread.bind(self._session)

    @cached_property
    def bookmarks(self) -> SqlBookmarks:  # type: ignore[override]
        return self._prototypes.bookmarks.bind(self._session)

    def forget_batches(self, before: Milliseconds) -> None:
        batches = self._schema.batches
        self._session.write(delete(batches).where(batches.c.at < before))

    def commit(self, batch: BatchId | None = None) -> None:
        self.conversations.flush()
        self.actors.flush()
        if batch is not None:
            heads: dict[str, int] = dict(self.conversations.moved().items())
            for user, rev in self.actors.moved().items():
                heads[account_stream(user)] = rev
            streams = msgspec.json.encode(heads).decode()
            row = {"id": batch, "at": self.now, "streams": streams}
            self._session.insert(self._schema.batches, row)
        try:
            self._finish()
        except DBAPIError:
            # Whatever was the matter: if it did commit, running it again would do it twice.
            if batch is None or not self._committed(batch):
                raise


class SqlAccountsUnit(_Unit, AccountsUnit):
    """A transaction on the accounts store."""

    def __init__(
        self,
        session: Session,
        expired: Callable[[], bool],
        prototypes: _AccountsRepositories,
    ) -> None:
        super().__init__(session, expired)
        self.users = prototypes.users.bind(session)
        self.sessions = prototypes.sessions.bind(session)
        self.resets = prototypes.resets.bind(session)
        self.audit = prototypes.audit.bind(session)

    def commit(self, batch: BatchId | None = None) -> None:
        self._finish()


class _SqlStore(Generic[U]):
    """Transactions on a database, for one schema."""

    branch: str

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    def open(self) -> None:
        try:
            with self._database.writer.connect() as connection, connection.begin():
                self._prepare(connection)
        except DBAPIError as error:
            self.close()
            if self.retryable(error):
                raise Unavailable("Another process holds the database") from error
            raise Misconfigured(f"The database can't be used: {error.orig}") from error

    def _prepare(self, connection: Connection) -> None:
        upgrade(connection, self.branch, self._settings.table_prefix)

    def close(self) -> None:
        self._database.close()

    def retryable(self, error: Exception) -> bool:
        # The busy timeout has passed: another process holds the file. Waiting again may help.
        return isinstance(error, DBAPIError) and any(one in str(error.orig) for one in _LOCKED)

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[tuple[Session, Callable[[], bool]]]:
        try:
            with engine.connect() as connection:
                connection.begin()
                deadline = self._clock.monotonic() + self._settings.transaction_s
                session = Session(connection, self._clock.now())
                yield session, lambda: self._clock.monotonic() > deadline
        except DBAPIError as error:
            if _FULL in str(error.orig):
                raise Unavailable("There is no room left; nothing was changed") from error
            raise


class SqlChatStore(_SqlStore[SqlChatUnit], Store[ChatUnit]):
    """Everything but accounts."""

    branch = "chat"

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        super().__init__(database, settings, clock)
        self._prototypes = _repositories(settings.table_prefix)
        self.schema = self._prototypes.schema
        self._epoch = ""

    def _prepare(self, connection: Connection) -> None:
        super()._prepare(connection)
        WordIndex(self._settings.table_prefix).create(connection)
        meta = self.schema.meta
        epoch = connection.scalar(select(meta.c.value).where(meta.c.name == "epoch"))
        if epoch is None:
            epoch = new_id(self._clock.now())
            connection.execute(meta.insert(), {"name": "epoch", "value": epoch})
        self._epoch = str(epoch)

    @contextmanager
    def write(self) -> Iterator[ChatUnit]:
        with self._connected(self._database.writer) as (session, expired):
            yield self._unit(session, expired)

    @contextmanager
    def read(self) -> Iterator[ChatUnit]:
        with self._connected(self._database.reader) as (session, expired):
            yield self._unit(session, expired)

    def _unit(self, session: Session, expired: Callable[[], bool]) -> SqlChatUnit:
        return SqlChatUnit(
            session, expired, self.schema, self._prototypes, self._epoch, self._committed
        )

    def _committed(self, batch: BatchId) -> bool:
        """Whether a batch is there whose commit failed. Its row tells, on another connection."""
        batches = self.schema.batches
        try:
            with self._database.reader.connect() as connection:
                found = connection.execute(select(batches.c.id).where(batches.c.id == batch))
                return found.first() is not None
        except DBAPIError as error:
            raise UnknownOutcome from error


class SqlAccountsStore(_SqlStore[SqlAccountsUnit], Store[AccountsUnit]):
    """Users, credentials and sessions."""

    branch = "accounts"

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        super().__init__(database, settings, clock)
        self._prototypes = _accounts_repositories(settings.table_prefix)
        self.schema = self._prototypes.schema

    @contextmanager
    def write(self) -> Iterator[AccountsUnit]:
        with self._connected(self._database.writer) as (session, expired):
            yield SqlAccountsUnit(session, expired, self._prototypes)

    @contextmanager
    def read(self) -> Iterator[AccountsUnit]:
        with self._connected(self._database.reader) as (session, expired):
            yield SqlAccountsUnit(session, expired, self._prototypes)
