"""What waits to be sent to one connection: in order, within bounds.

- Events are bounded in number and bytes. Past a bound typing and presence go first; where that
  doesn't help, all events go, the client is told why and the connection is closed with 1013. It
  pulls what it missed when it comes back.
- Answers are kept apart from these bounds: there are never more than requests in flight.
- What is put in the same turn of the event loop leaves in one frame, answers and events in the
  order they were put. One waking a turn, no task and no await a message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import anyio

from chatcore.config import Limits
from chatcore.delivery.chunks import Chunk, event_chunk
from chatcore.events import SessionClosing

TOO_SLOW: Final = 1013

_LAST_WORDS: Final[Mapping[str, Chunk]] = {
    event.reason: event_chunk(event)
    for event in (SessionClosing("slow"), SessionClosing("restarting"), SessionClosing("revoked"))
}


class SessionClosed(Exception):
    """The connection is to be closed with this WebSocket close code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code} {reason}")


def _ignore() -> None:
    """Nobody asked to be told."""


class Outbox:
    """The waiting lines of one connection.

    ``lines``: whether a frame may hold several lines (at most ``limits.answer_bytes`` together) or
    only one. ``on_close`` is called once, on the event loop, when the closing begins.
    """

    def __init__(
        self, limits: Limits, *, lines: bool, on_close: Callable[[], None] = _ignore
    ) -> None:
        self.answers = 0
        """How many answers wait."""
        self.events = 0
        self.size = 0
        """Bytes of the events that wait."""
        self.closing: SessionClosed | None = None
        """Set once nothing more is taken in."""
        self._most_events = limits.outbox_events
        self._most_bytes = limits.outbox_bytes
        self._frame_bytes = limits.answer_bytes
        self._joins = lines
        self._on_close = on_close
        self._queue: deque[Chunk] = deque()
        self._rest: deque[str] = deque()
        self._sleeper: anyio.Event | None = None

    def put(self, chunk: Chunk) -> None:
        """Take events in. Overflow closes, here and now, and raises nothing."""
        if self.closing is not None:
            return
        self._append(chunk)
        if self.events > self._most_events or self.size > self._most_bytes:
            self._overflow(chunk)
        if self._sleeper is not None:
            self._wake()

    def answer(self, line: str) -> None:
        """Take an answer in. It leaves before the events that are put after it."""
        if self.closing is not None:
            return
        self._queue.append(Chunk.answer(line))
        self.answers += 1
        if self._sleeper is not None:
            self._wake()

    def close(self, code: int, reason: str) -> None:
        """Take nothing more in, and close once all that waits has gone. The first call counts.

        A reason that ``session.closing`` knows is the last thing that the client hears.
        """
        if self.closing is None:
            self.closing = SessionClosed(code, reason)
            if reason in _LAST_WORDS:
                self._append(_LAST_WORDS[reason])
            self._wake()
            self._on_close()

    async def next_frame(self) -> str:
        """Wait for something to send. Raises :class:`SessionClosed` when all has gone.

        One caller at a time.
        """
        while not (self._queue or self._rest):
            if self.closing is not None:
                raise self.closing
            self._sleeper = anyio.Event()
            await self._sleeper.wait()
        return self._joined() if self._joins else self._single()

    def _append(self, chunk: Chunk) -> None:
        self._queue.append(chunk)
        self.events += chunk.events
        self.size += chunk.size

    def _wake(self) -> None:
        if self._sleeper is not None:
            self._sleeper.set()
            self._sleeper = None

    def _joined(self) -> str:
        first = self._take()
        if not self._queue:
            return first.text
        texts, size = [first.text], first.size
        while self._queue and size + 1 + self._queue[0].size <= self._frame_bytes:
            chunk = self._take()
            texts.append(chunk.text)
            size += 1 + chunk.size
        return "\n".join(texts)

    def _single(self) -> str:
        if not self._rest:
            self._rest.extend(self._take().text.split("\n"))
        return self._rest.popleft()

    def _take(self) -> Chunk:
        chunk = self._queue.popleft()
        if chunk.events:
            self.events -= chunk.events
            self.size -= chunk.size
        else:
            self.answers -= 1
        return chunk

    def _keep(self, wanted: Callable[[Chunk], bool]) -> None:
        self._queue = deque(filter(wanted, self._queue))
        self.events = sum(chunk.events for chunk in self._queue)
        self.size = sum(chunk.size for chunk in self._queue if chunk.events)

    def _overflow(self, newest: Chunk) -> None:
        if newest.droppable:
            self._queue.pop()
            self.events -= newest.events
            self.size -= newest.size
            return
        self._keep(lambda chunk: not chunk.droppable)
        if self.events > self._most_events or self.size > self._most_bytes:
            self._keep(lambda chunk: not chunk.events)
            self.close(TOO_SLOW, "slow")
