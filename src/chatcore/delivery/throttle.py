"""At most one announcement an interval, of each thing that may change all the time.

The first goes out at once. What comes within the interval after it is merged, and goes out when
the interval ends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from chatcore.delivery.timers import Timers

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Throttle(Generic[K, V]):
    """Holds values back, a key at a time.

    ``merge`` makes one of what waits and what came later. Where ``full`` says so of it, it goes
    out early.
    """

    def __init__(
        self,
        timers: Timers,
        interval_s: float,
        send: Callable[[K, V], None],
        merge: Callable[[V, V], V],
        full: Callable[[V], bool] = lambda value: False,
    ) -> None:
        self._timers = timers
        self._interval_s = interval_s
        self._send = send
        self._merge = merge
        self._full = full
        self._waiting: dict[K, V | None] = {}
        """A key in its interval, and what came since it began."""

    def offer(self, key: K, value: V) -> None:
        """Send now, or merge into what goes out when the interval ends."""
        if key not in self._waiting:
            self._begin(key, value)
            return
        waiting = self._waiting[key]
        merged = value if waiting is None else self._merge(waiting, value)
        if self._full(merged):
            self._waiting[key] = None
            self._send(key, merged)
        else:
            self._waiting[key] = merged

    def amend(self, key: K, change: Callable[[V], V | None]) -> None:
        """Change what waits, if anything does, or drop it (None)."""
        waiting = self._waiting.get(key)
        if waiting is not None:
            self._waiting[key] = change(waiting)

    def _begin(self, key: K, value: V) -> None:
        self._waiting[key] = None
        self._timers.after(self._interval_s, lambda: self._end(key))
        self._send(key, value)

    def _end(self, key: K) -> None:
        waiting = self._waiting.pop(key)
        if waiting is not None:
            self._begin(key, waiting)
