"""Presence: nodes hold leases, connections belong to nodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, func, select

from chatcore.ids import ConnectionId, Milliseconds, NodeId, UserId
from chatcore.ports.presence import PresenceRecord, PresenceRepository
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlPresence(Repository, PresenceRepository):
    """Presence in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._nodes = schema.nodes
        self._connections = schema.connections
        self._table = schema.presence
        self._mapping = RecordMapping(PresenceRecord, schema.presence)

    def renew(self, node: NodeId, expires_at: Milliseconds) -> None:
        self._session.put(self._nodes, [{"id": node, "expires_at": expires_at}])

    def expire(self, now: Milliseconds) -> Sequence[UserId]:
        nodes, connections = self._nodes.c, self._connections.c
        alive = select(nodes.id).where(nodes.expires_at > now)
        orphaned = connections.node_id.not_in(alive)
        rows = self._session.rows(select(connections.user_id).distinct().where(orphaned))
        if rows:
            self._session.write(delete(self._connections).where(orphaned))
        if self._session.row(select(nodes.id).where(nodes.expires_at <= now)):
            self._session.write(delete(self._nodes).where(nodes.expires_at <= now))
        return [UserId(user) for (user,) in rows]

    def connect(self, connection: ConnectionId, node: NodeId, user_id: UserId) -> None:
        self._session.insert(
            self._connections, {"id": connection, "node_id": node, "user_id": user_id}
        )

    def disconnect(self, connections: Collection[ConnectionId]) -> None:
        c = self._connections.c
        self._session.write(delete(self._connections).where(c.id.in_(list(connections))))

    def online(self, user_ids: Collection[UserId], now: Milliseconds) -> set[UserId]:
        nodes, connections = self._nodes.c, self._connections.c
        chosen = (
            select(connections.user_id)
            .distinct()
            .join_from(self._connections, self._nodes, nodes.id == connections.node_id)
            .where(connections.user_id.in_(list(user_ids)), nodes.expires_at > now)
        )
        return {UserId(user) for (user,) in self._session.rows(chosen)}

    def get(self, user_ids: Collection[UserId]) -> Mapping[UserId, PresenceRecord]:
        chosen = select(*self._mapping.columns).where(self._table.c.user_id.in_(list(user_ids)))
        found = map(self._mapping.load, self._session.rows(chosen))
        return {record.user_id: record for record in found}

    def lapsed(self, now: Milliseconds) -> Sequence[PresenceRecord]:
        chosen = select(*self._mapping.columns).where(self._table.c.until <= now)
        return [self._mapping.load(row) for row in self._session.rows(chosen)]

    def next_lapse(self) -> Milliseconds | None:
        until = self._table.c.until
        row = self._session.row(select(func.min(until)).where(until.is_not(None)))
        return None if row is None else row[0]

    def save(self, record: PresenceRecord) -> None:
        before = self.get([record.user_id]).get(record.user_id)
        if before is not None and before.last_seen is not None:
            record.last_seen = max(before.last_seen, record.last_seen or 0)
        self._session.put(self._table, [self._mapping.dump(record)])
