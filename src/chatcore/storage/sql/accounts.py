"""Users, credentials and sessions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from chatcore.errors import Conflict
from chatcore.ids import Milliseconds, SessionId, UserId
from chatcore.ports.accounts import (
    SessionRecord,
    SessionRepository,
    UserRecord,
    UserRepository,
)
from chatcore.rules.text import search_prefix
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import AccountsSchema

_HIGHEST: Final = "\U0010ffff"
"""Sorts after every character that a name may have."""


@contextmanager
def _taken() -> Iterator[None]:
    """What the database says where another transaction was quicker, or the owner is inactive."""
    try:
        yield
    except IntegrityError:
        raise Conflict("This name, e-mail address or phone number is taken") from None


class SqlUsers(Repository, UserRepository):
    """Users and credentials in SQL."""

    def __init__(self, schema: AccountsSchema) -> None:
        self._table = schema.users
        self._credentials = schema.credentials
        self._resets = schema.resets
        documents = dict.fromkeys(("custom", "information", "location"), lambda value: value)
        self._mapping = RecordMapping(UserRecord, schema.users, documents)
        self._active = select(*self._mapping.columns).where(schema.users.c.active.is_(True))

    def get(self, ids: Collection[UserId]) -> Mapping[UserId, UserRecord]:
        if not ids:
            return {}
        return {one.id: one for one in self._all(self._active.where(self._table.c.id.in_(ids)))}

    def known(self, ids: Collection[UserId]) -> Mapping[UserId, UserRecord]:
        if not ids:
            return {}
        every = select(*self._mapping.columns).where(self._table.c.id.in_(ids))
        return {one.id: one for one in self._all(every)}

    def by_username(self, key: str) -> UserRecord | None:
        return self._one(self._table.c.username_key == key)

    def by_email(self, key: str) -> UserRecord | None:
        return self._one(self._table.c.email_key == key)

    def by_phone(self, number: str) -> UserRecord | None:
        return self._one(self._table.c.phone == number)

    def insert(self, record: UserRecord) -> None:
        with _taken():
            self._session.insert(self._table, self._row(record))

    def save(self, record: UserRecord) -> None:
        row = self._row(record)
        del row["id"]
        with _taken():
            self._session.write(update(self._table).where(self._table.c.id == record.id), row)

    def page(self, prefix: str, after: str, limit: int) -> Sequence[UserRecord]:
        c = self._table.c
        chosen = self._active.where(c.list_key > after).order_by(c.list_key).limit(limit)
        if not prefix:
            return self._all(chosen)
        # Each by its own index: one condition for both would be tried on user after user.
        found = {
            one.id: one
            for key in (c.username_key, c.display_key)
            for one in self._all(self._beginning(key, prefix, after, limit))
        }
        return sorted(found.values(), key=lambda one: one.list_key)[:limit]

    def _beginning(self, key: Any, prefix: str, after: str, limit: int) -> Any:
        c = self._table.c
        # As an expression, so that nobody walks the list in its order to find the few there are.
        place = c.list_key.concat("")
        return (
            self._active.where(key >= prefix, key < prefix + _HIGHEST, place > after)
            .order_by(place)
            .limit(limit)
        )

    def bots(self, owner_id: UserId | None, after: UserId, limit: int) -> Sequence[UserRecord]:
        c = self._table.c
        chosen = self._active.where(c.kind == "bot", c.id > after)
        if owner_id is not None:
            chosen = chosen.where(c.owner_id == owner_id)
        return self._all(chosen.order_by(c.id).limit(limit))

    def credential(self, user_id: UserId) -> str | None:
        c = self._credentials.c
        row = self._session.row(select(c.password_hash).where(c.user_id == user_id))
        return None if row is None else str(row[0])

    def set_credential(self, user_id: UserId, password_hash: str, now: Milliseconds) -> None:
        row = {"user_id": user_id, "password_hash": password_hash, "changed_at": now}
        self._session.put(self._credentials, [row])

    def drop_credential(self, user_id: UserId) -> None:
        for table in (self._credentials, self._resets):
            self._session.write(delete(table).where(table.c.user_id == user_id))

    def _row(self, record: UserRecord) -> dict[str, Any]:
        return self._mapping.dump(record) | {
            "display_key": search_prefix(record.display_name)[:191],
            "list_key": record.list_key,
        }

    def _one(self, condition: Any) -> UserRecord | None:
        found = self._all(self._active.where(condition))
        return found[0] if found else None

    def _all(self, statement: Any) -> list[UserRecord]:
        return [self._mapping.load(row) for row in self._session.rows(statement)]


class SqlSessions(Repository, SessionRepository):
    """Sessions in SQL."""

    def __init__(self, schema: AccountsSchema) -> None:
        self._table = schema.sessions
        self._mapping = RecordMapping(SessionRecord, schema.sessions)
        self._every = select(*self._mapping.columns)

    def insert(self, record: SessionRecord) -> None:
        self._session.insert(self._table, self._mapping.dump(record))

    def by_token(self, token_hash: str) -> SessionRecord | None:
        found = self._all(self._every.where(self._table.c.token_hash == token_hash))
        return found[0] if found else None

    def get(self, id: SessionId) -> SessionRecord | None:
        found = self._all(self._every.where(self._table.c.id == id))
        return found[0] if found else None

    def among(self, ids: Collection[SessionId]) -> Mapping[SessionId, SessionRecord]:
        if not ids:
            return {}
        found = self._all(self._every.where(self._table.c.id.in_(list(ids))))
        return {one.id: one for one in found}

    def promote(self, user_id: UserId) -> None:
        c = self._table.c
        self._session.write(update(self._table).where(c.user_id == user_id), {"kind": None})

    def of(self, user_id: UserId) -> Sequence[SessionRecord]:
        c = self._table.c
        return self._all(
            self._every.where(c.user_id == user_id).order_by(c.last_used_at.desc(), c.id)
        )

    def touch(self, ids: Collection[SessionId], now: Milliseconds) -> None:
        c = self._table.c
        self._session.write(
            update(self._table).where(c.id.in_(list(ids)), c.last_used_at < now),
            {"last_used_at": now},
        )

    def delete(self, ids: Collection[SessionId]) -> None:
        self._session.write(delete(self._table).where(self._table.c.id.in_(list(ids))))

    def _all(self, statement: Any) -> list[SessionRecord]:
        return [self._mapping.load(row) for row in self._session.rows(statement)]
