"""Events as text, encoded once and shared by every outbox that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import define

from chatcore.codec import notification
from chatcore.events import Announcement, Event, StreamAdvanced

_ADVANCED = StreamAdvanced()


@define(eq=False)
class Chunk:
    """One or more complete lines of JSON-RPC, without the last line's end."""

    text: str
    events: int
    """How many lines are events: all of them, or none of an answer's one."""
    size: int
    """Bytes in UTF-8."""
    droppable: bool = False
    """Worth less than the connection: typing and presence, which the next one replaces."""

    @classmethod
    def answer(cls, line: str) -> Chunk:
        """An answer to a request."""
        return cls(line, 0, len(line) if line.isascii() else len(line.encode()))


def event_chunk(
    event: Event,
    stream: str | None = None,
    prev: int | None = None,
    rev: int | None = None,
    *,
    droppable: bool = False,
) -> Chunk:
    """One event by itself. ``stream`` is its name on the wire."""
    line = notification(event, stream, prev, rev)
    return Chunk(line.decode(), 1, len(line), droppable)


def join(lines: Iterable[bytes], most: int) -> list[Chunk]:
    """``lines`` as few chunks, each at most ``most`` bytes unless one line alone is longer."""
    chunks: list[Chunk] = []
    held: list[bytes] = []
    size = 0
    for line in lines:
        if held and size + len(line) > most:
            chunks.append(_chunk(held))
            held, size = [], 0
        held.append(line)
        size += len(line) + 1
    if held:
        chunks.append(_chunk(held))
    return chunks


def _chunk(lines: list[bytes]) -> Chunk:
    text = b"\n".join(lines)
    return Chunk(text.decode(), len(lines), len(text))


class Run:
    """Consecutive durable events of one stream, as each floor sees them.

    Above its floor a member gets an event, otherwise only that the stream advanced. Members who
    see alike share their chunks.
    """

    def __init__(self, stream: str, announcements: Sequence[Announcement], most: int) -> None:
        self._stream = stream
        self._announcements = announcements
        self._most = most
        self._events = [notification(one.event, stream, one.prev, one.rev) for one in announcements]
        self._seen: dict[tuple[bool, ...], list[Chunk]] = {}

    @property
    def lowest_seq(self) -> int | None:
        """The lowest seq of a message in it; a floor below that hides nothing."""
        seqs = [one.min_seq for one in self._announcements if one.min_seq is not None]
        return min(seqs, default=None)

    def above(self, floor: int) -> list[Chunk]:
        """What a member with this floor gets."""
        shown = tuple(one.min_seq is None or one.min_seq > floor for one in self._announcements)
        if shown not in self._seen:
            lines = (
                event if visible else notification(_ADVANCED, self._stream, one.prev, one.rev)
                for one, event, visible in zip(
                    self._announcements, self._events, shown, strict=True
                )
            )
            self._seen[shown] = join(lines, self._most)
        return self._seen[shown]
