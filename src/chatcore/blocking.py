"""The engine for synchronous hosts: the same engine, on an event loop in a thread of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from chatcore.engine import ChatEngine
from chatcore.errors import Unavailable
from chatcore.models import Actor
from chatcore.operations import Operation

R = TypeVar("R")


class BlockingEngine:
    """A context manager with one method. Takes the same parameters as :class:`ChatEngine`.

    Open it after forking: neither the thread nor database connections survive a fork. Any number
    of threads may call :meth:`execute` at once, and share transactions when they do.
    """

    def __init__(self, *args: Any, backend: str = "asyncio", **options: Any) -> None:
        self.engine = ChatEngine(*args, **options)
        self._backend = backend
        self._portal: BlockingPortal | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal(self._backend))
            opened: AbstractContextManager[ChatEngine] = portal.wrap_async_context_manager(
                self.engine
            )
            stack.enter_context(opened)
            self._portal = portal
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal = None
        self._stack.__exit__(kind, error, trace)

    def execute(self, actor: Actor, operation: Operation[R]) -> R:
        """The same as :meth:`ChatEngine.execute`, waiting for the answer in this thread."""
        if self._portal is None:
            raise Unavailable("The engine isn't open")
        return self._portal.call(self.engine.execute, actor, operation)
