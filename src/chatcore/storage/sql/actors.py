"""Actors and blocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
from attrs import evolve
from sqlalchemy import bindparam, or_, select, update

from chatcore.ids import Milliseconds, UserId
from chatcore.models import UserSettings
from chatcore.ports.actors import (
    ActorRecord,
    ActorRepository,
    BlockRecord,
    BlockRepository,
    Standing,
)
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

_EVERYTHING_OPEN: Final = UserSettings()


def _settings(text: str | None) -> UserSettings:
    return _EVERYTHING_OPEN if text is None else UserSettings(**msgspec.json.decode(text))


class SqlActors(Repository, ActorRepository):
    """Actors in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = table = schema.actors
        self._mapping = RecordMapping(ActorRecord, table, {"settings": lambda chosen: chosen or {}})
        self._found = sqlite.matching(self._mapping.columns, [table.c.user_id]).order_by(
            table.c.user_id
        )
        self._found_locked = self._found.with_for_update()
        c = table.c
        self._standings = sqlite.matching(
            [c.user_id, c.active, c.settings, c.has_blocks, c.defers, c.shadowed_until],
            [c.user_id],
        ).where(
            or_(
                c.active.is_(False),
                c.settings.is_not(None),
                c.has_blocks.is_(True),
                c.defers.is_(True),
                c.shadowed_until.is_not(None),
            )
        )
        self._inactive = sqlite.matching([table.c.user_id], [table.c.user_id]).where(
            table.c.active.is_(False)
        )

    def _begin(self) -> None:
        self._locked: dict[UserId, ActorRecord] = {}
        self._before: dict[UserId, ActorRecord] = {}
        self._moved: dict[UserId, int] = {}

    def lock(self, ids: Collection[UserId]) -> Mapping[UserId, ActorRecord]:
        missing = sorted(set(ids) - self._locked.keys())
        if missing:
            for row in self._session.rows(
                self._found_locked, sqlite.tuples((user,) for user in missing)
            ):
                self._hold(self._mapping.load(row))
        for user in (user for user in missing if user not in self._locked):
            record = ActorRecord(user_id=user, touched_at=self._session.now)
            self._session.insert(self._table, self._mapping.dump(record))
            self._hold(record)
        return {user: self._locked[user] for user in ids}

    def shadow(self, user_id: UserId, until: Milliseconds | None) -> None:
        record = self._locked[user_id]
        record.shadowed_until = self._before[user_id].shadowed_until = until
        c = self._table.c
        changed = update(self._table).where(c.user_id == user_id)
        self._session.write(changed.values(shadowed_until=until))

    def get(self, user_id: UserId) -> ActorRecord | None:
        if user_id in self._locked:
            return self._locked[user_id]
        row = self._session.row(self._found, sqlite.tuples([(user_id,)]))
        return None if row is None else self._mapping.load(row)

    def inactive(self, ids: Collection[UserId]) -> set[UserId]:
        rows = self._session.rows(self._inactive, sqlite.tuples((user,) for user in set(ids)))
        return {UserId(user) for (user,) in rows}

    def standings(self, ids: Collection[UserId]) -> Mapping[UserId, Standing]:
        rows = self._session.rows(self._standings, sqlite.tuples((user,) for user in set(ids)))
        return {
            UserId(user): Standing(
                active=bool(active),
                settings=_settings(settings),
                has_blocks=bool(has_blocks),
                defers=bool(defers),
                shadowed_until=until,
            )
            for user, active, settings, has_blocks, defers, until in rows
        }

    def flush(self) -> None:
        """Write what was changed."""
        for user, record in self._locked.items():
            before = self._before[user]
            if record == before:
                continue
            if record.rev != before.rev:
                record.touched_at = self._session.now
                self._moved[user] = record.rev
            self._session.put(self._table, [self._mapping.dump(record)])
            self._before[user] = evolve(record)

    def moved(self) -> dict[UserId, int]:
        """The account streams' heads that :meth:`flush` has written."""
        return self._moved

    def _hold(self, record: ActorRecord) -> None:
        self._locked[record.user_id] = record
        self._before[record.user_id] = evolve(record)


class SqlBlocks(Repository, BlockRepository):
    """Blocks in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = table = schema.blocks
        self._mapping = RecordMapping(BlockRecord, table)
        c = table.c
        self._every = select(*self._mapping.columns)
        pair = [c.user_id, c.other_id]
        self._among = sqlite.matching(pair, pair).where(c.active.is_(True))
        self._against = sqlite.matching(pair, [c.other_id]).where(c.active.is_(True))
        self._around = (
            select(c.user_id, c.other_id)
            .where(or_(c.user_id == bindparam("user"), c.other_id == bindparam("user")))
            .where(c.active.is_(True))
        )

    def among(self, pairs: Collection[tuple[UserId, UserId]]) -> set[tuple[UserId, UserId]]:
        rows = self._session.rows(self._among, sqlite.tuples(pairs)) if pairs else ()
        return {(UserId(who), UserId(whom)) for who, whom in rows}

    def against(self, users: Collection[UserId]) -> set[tuple[UserId, UserId]]:
        rows = self._session.rows(self._against, sqlite.tuples((user,) for user in users))
        return {(UserId(who), UserId(whom)) for who, whom in rows}

    def around(self, user_id: UserId, others: Collection[UserId] | None = None) -> set[UserId]:
        rows = self._session.rows(self._around, {"user": user_id})
        found = {UserId(other if who == user_id else who) for who, other in rows}
        return found if others is None else found & set(others)

    def page(self, user_id: UserId, after: str, limit: int) -> Sequence[BlockRecord]:
        c = self._table.c
        chosen = self._every.where(c.user_id == user_id, c.active.is_(True), c.other_id > after)
        return self._all(chosen.order_by(c.other_id).limit(limit))

    def get(self, user_id: UserId, other_id: UserId) -> BlockRecord | None:
        c = self._table.c
        found = self._all(self._every.where(c.user_id == user_id, c.other_id == other_id))
        return found[0] if found else None

    def save(self, record: BlockRecord) -> None:
        self._session.put(self._table, [self._mapping.dump(record)])

    def changed(self, user_id: UserId, rev: int, limit: int) -> Sequence[BlockRecord]:
        c = self._table.c
        chosen = self._every.where(c.user_id == user_id, c.me_rev > rev)
        return self._all(chosen.order_by(c.me_rev).limit(limit))

    def _all(self, statement: Any) -> list[BlockRecord]:
        return [self._mapping.load(row) for row in self._session.rows(statement)]
