"""Presence in storage: nodes hold leases, connections belong to nodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from attrs import define

from chatcore.ids import ConnectionId, Milliseconds, NodeId, UserId


@define(kw_only=True)
class PresenceRecord:
    """What a user chose, and when they were last there."""

    user_id: UserId
    status: str = "online"
    text: str | None = None
    until: Milliseconds | None = None
    last_seen: Milliseconds | None = None


class PresenceRepository(ABC):
    """Nodes, connections, and what users chose."""

    @abstractmethod
    def renew(self, node: NodeId, expires_at: Milliseconds) -> None:
        """Begin or prolong a node's lease: the one write of a heartbeat."""

    @abstractmethod
    def expire(self, now: Milliseconds) -> Sequence[UserId]:
        """Forget nodes whose lease is over, with their connections; whose these were."""

    @abstractmethod
    def connect(self, connection: ConnectionId, node: NodeId, user_id: UserId) -> None:
        """Note a connection."""

    @abstractmethod
    def disconnect(self, connections: Collection[ConnectionId]) -> None:
        """Forget connections."""

    @abstractmethod
    def online(self, user_ids: Collection[UserId], now: Milliseconds) -> set[UserId]:
        """Which of these have a connection on a node whose lease holds."""

    @abstractmethod
    def get(self, user_ids: Collection[UserId]) -> Mapping[UserId, PresenceRecord]:
        """What is known of these."""

    @abstractmethod
    def lapsed(self, now: Milliseconds) -> Sequence[PresenceRecord]:
        """Those whose ``until`` has come."""

    @abstractmethod
    def next_lapse(self) -> Milliseconds | None:
        """The earliest ``until`` there is."""

    @abstractmethod
    def save(self, record: PresenceRecord) -> None:
        """Insert or replace; ``last_seen`` never falls."""
