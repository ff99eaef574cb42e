"""Clients that go on sending, whatever happens to the server meanwhile."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from attrs import define, field, frozen
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.live.people import Person
from tests.live.sockets import RawSocket, open_socket

WINDOW = 8
PATIENCE_S = 20.0
BROKEN = 1006
"""What stands for a connection that ended without a close frame."""


@frozen
class Promises:
    """What all senders were told, to wait for and to compare."""

    by_key: dict[str, tuple[str, int]] = field(factory=dict)
    """The id and the seq that each key was acknowledged with."""
    contradictions: list[str] = field(factory=list)
    """Keys whose repeat was answered with another message."""
    codes: "Counter[int]" = field(factory=Counter)
    """With which codes connections ended."""
    _changed: threading.Condition = field(factory=threading.Condition)

    def acknowledge(self, message: dict[str, Any]) -> None:
        """An answer to a send."""
        promise = message["id"], message["seq"]
        with self._changed:
            if self.by_key.setdefault(message["key"], promise) != promise:
                self.contradictions.append(message["key"])
            self._changed.notify_all()

    def end(self, code: int) -> None:
        """A connection has ended."""
        with self._changed:
            self.codes[code] += 1

    def wait_for(self, amount: int) -> None:
        """Return once so many keys are acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.by_key) >= amount, PATIENCE_S)


@define
class Sender:
    """Sends under keys ``name-0``, ``name-1``, …, and what was lost again after a reconnect."""

    url: str
    person: Person
    conversation: str
    name: str
    promises: Promises
    up: threading.Event
    """Set while the server can be reached; between, there is no point in trying."""
    enough: threading.Event
    """Set once nothing new shall be sent."""
    keys: list[str] = field(factory=list)
    """All that were used, in order."""

    def run(self) -> None:
        """Send until it is enough and every key is acknowledged."""
        while self._unanswered() or not self.enough.is_set():
            assert self.up.wait(PATIENCE_S)
            try:
                with open_socket(self.url, self.person.token) as socket:
                    self._send(socket)
            except ConnectionClosed as end:
                self.promises.end(end.rcvd.code if end.rcvd else BROKEN)
            except (OSError, InvalidHandshake):
                self.promises.end(BROKEN)

    def _unanswered(self) -> list[str]:
        return [key for key in self.keys if key not in self.promises.by_key]

    def _next_keys(self) -> Iterator[str]:
        # The last that was acknowledged goes again, too: a repeat must be the same message.
        yield from [key for key in self.keys if key in self.promises.by_key][-1:]
        yield from self._unanswered()
        while not self.enough.is_set():
            self.keys.append(f"{self.name}-{len(self.keys)}")
            yield self.keys[-1]

    def _send(self, socket: RawSocket) -> None:
        waiting: set[int] = set()
        for key in self._next_keys():
            fields = {"conversation_id": self.conversation, "key": key, "body": f"body {key}"}
            waiting.add(socket.ask("messages.send", **fields))
            if len(waiting) == WINDOW:
                self._hear(socket, waiting)
        while waiting:
            self._hear(socket, waiting)

    def _hear(self, socket: RawSocket, waiting: set[int]) -> None:
        """Read up to the next answer."""
        while "id" not in (line := socket.next_line()):
            pass
        waiting.remove(line["id"])
        self.promises.acknowledge(line["result"])


@define
class Crew:
    """Senders at work inside the block, each in a thread; at its end they finish."""

    senders: Sequence[Sender]
    promises: Promises
    up: threading.Event
    enough: threading.Event
    _threads: list[threading.Thread] = field(factory=list)

    @classmethod
    def of(cls, url: str, conversation: str, members: Sequence[Person], devices: int) -> Self:
        """``devices`` senders for each member of a conversation."""
        promises, up, enough = Promises(), threading.Event(), threading.Event()
        up.set()
        senders = [
            Sender(url, one, conversation, f"{one.username}-{device}", promises, up, enough)
            for one in members
            for device in range(devices)
        ]
        return cls(senders, promises, up, enough)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=one.run, daemon=True) for one in self.senders]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.enough.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in self._threads)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nobody tries to connect inside the block."""
        self.up.clear()
        yield
        self.up.set()

    def check(self, messages: Sequence[dict[str, Any]]) -> None:
        """Every key is one message, as promised; each sender's are in order; no seq is missing."""
        assert [one["seq"] for one in messages] == list(range(1, len(messages) + 1))
        every = [key for sender in self.senders for key in sender.keys]
        assert Counter(one["key"] for one in messages) == Counter(every)
        assert {one["key"]: (one["id"], one["seq"]) for one in messages} == self.promises.by_key
        assert self.promises.contradictions == []
        assert all(one["body"] == f"body {one['key']}" for one in messages)
        for sender in self.senders:
            own = {*sender.keys}
            assert [one["key"] for one in messages if one["key"] in own] == sender.keys
