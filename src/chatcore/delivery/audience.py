"""Who hears a conversation: members that are connected here, each with a floor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import define, field

from chatcore.delivery.connection import Connection
from chatcore.ids import ConversationId, StreamId, UserId, stream_of


@define(eq=False)
class Listener:
    """A user with at least one connection here. Memberships are the user's, not a connection's."""

    user_id: UserId
    connections: list[Connection] = field(factory=list)
    """The oldest first."""
    streams: set[StreamId] = field(factory=set)
    """The conversations whose audience they are in."""
    unsettled: int = 0
    """How many connections' memberships are still being read from storage."""
    receipts: bool = True
    """Whether the user wants to see others' receipts."""
    chosen: bool = False
    """Whether that was announced since the first of the unsettled came, and not read."""
    changes: dict[StreamId, int | None] = field(factory=dict)
    """The floors of what was joined since the first of those came, None of what was left."""


@define(eq=False)
class Audience:
    """The listeners of one conversation."""

    floors: dict[Listener, int] = field(factory=dict)
    highest_floor: int = 0
    """No floor is above it. Not lowered when someone goes: too high only costs speed."""

    def connections(self) -> Iterator[Connection]:
        """Every connection that hears it."""
        for listener in self.floors:
            yield from listener.connections


class Audiences:
    """Who hears which conversation."""

    def __init__(self) -> None:
        self._of: dict[StreamId, Audience] = {}

    def __len__(self) -> int:
        return len(self._of)

    def of(self, stream: StreamId) -> Audience | None:
        """The audience, None where nobody here hears it."""
        return self._of.get(stream)

    def join(self, listener: Listener, stream: StreamId, floor: int) -> None:
        """It was announced that ``listener`` joined, with this floor."""
        self._add(listener, stream, floor)
        if listener.unsettled:
            listener.changes[stream] = floor

    def leave(self, listener: Listener, stream: StreamId) -> None:
        """It was announced that ``listener`` left."""
        self._remove(listener, stream)
        if listener.unsettled:
            listener.changes[stream] = None

    def end(self, stream: StreamId) -> None:
        """It was announced that the conversation is no more."""
        if audience := self._of.get(stream):
            for listener in tuple(audience.floors):
                self.leave(listener, stream)

    def settle(self, listener: Listener, floors: Mapping[ConversationId, int]) -> None:
        """Take a snapshot of a listener's memberships over.

        It was read after one of the unsettled connections came, so whatever was announced since
        the first of them is as new or newer, and stays. (One that goes without ever settling only
        makes later snapshots give way for longer than they had to.)
        """
        read = {stream_of(conversation): floor for conversation, floor in floors.items()}
        for stream in listener.streams - read.keys() - listener.changes.keys():
            self._remove(listener, stream)
        for stream in read.keys() - listener.changes.keys():
            self._add(listener, stream, read[stream])
        listener.unsettled = max(listener.unsettled - 1, 0)
        if not listener.unsettled:
            listener.changes.clear()
            listener.chosen = False

    def drop(self, listener: Listener) -> None:
        """Take a listener out of everything."""
        for stream in tuple(listener.streams):
            self._remove(listener, stream)

    def _add(self, listener: Listener, stream: StreamId, floor: int) -> None:
        audience = self._of.setdefault(stream, Audience())
        audience.floors[listener] = floor
        audience.highest_floor = max(audience.highest_floor, floor)
        listener.streams.add(stream)

    def _remove(self, listener: Listener, stream: StreamId) -> None:
        if stream not in listener.streams:
            return
        listener.streams.remove(stream)
        audience = self._of[stream]
        del audience.floors[listener]
        if not audience.floors:
            del self._of[stream]
