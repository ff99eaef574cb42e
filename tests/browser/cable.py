"""The cable between a browser and a server: a TCP proxy that can be cut, held, and mended."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Literal, Self

CHUNK = 64 * 1024


class Cable:
    """Carries bytes both ways between ``port`` and the server's."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._whole = True
        self._flows = {"up": threading.Event(), "down": threading.Event()}
        self._flow()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where the server seems to be."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection, and each that is tried until the cable is mended."""
        with self._lock:
            self._whole = False
            ends = list(self._open)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        with self._lock:
            self._whole = True

    @contextlib.contextmanager
    def held(self, way: Literal["up", "down"]) -> Iterator[None]:
        """Inside the block bytes wait: those to the server, or those to the browser."""
        self._flows[way].clear()
        yield
        self._flows[way].set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flow()
        self.cut()
        # A blocked accept() doesn't notice that its socket was closed.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _flow(self) -> None:
        for way in self._flows.values():
            way.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near:
            far = socket.create_connection(("127.0.0.1", self._server_port))
            with far, self._among_the_open(near, far):
                down = threading.Thread(target=self._pump, args=(far, near, "down"), daemon=True)
                down.start()
                self._pump(near, far, "up")
                down.join()

    @contextlib.contextmanager
    def _among_the_open(self, *ends: socket.socket) -> Iterator[None]:
        with self._lock:
            if not self._whole:
                raise ConnectionRefusedError
            self._open.update(ends)
        try:
            yield
        finally:
            with self._lock:
                self._open.difference_update(ends)

    def _pump(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK):
                self._flows[way].wait()
                sink.sendall(chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
