"""A WebSocket client that costs the driver little: it counts and parses no more than it must.

Frames from a server are unmasked; its own are masked with zeros, which leaves them as they are.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
from collections.abc import Callable
from typing import Any

_LARGE = 126
_HUGE = 127


class Client(asyncio.Protocol):
    """One connection. ``on_lines`` gets the payload of every text frame, as bytes."""

    def __init__(self, path: str = "/v1/realtime") -> None:
        self.on_lines: Callable[[bytes], None] = lambda payload: None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._path = path
        self._buffer = b""
        self._shaken = False
        self._calls: dict[int, asyncio.Future[Any]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: chatcore.v1\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("refused"))
        for call in self._calls.values():
            if not call.done():
                call.set_exception(ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self._shaken:
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self.opened.set_exception(ConnectionError(head.decode()))
                return
            self._shaken = True
            self.opened.set_result(None)
        self._buffer = self._frames(buffer)

    def _frames(self, buffer: bytes) -> bytes:
        """Handle every whole frame; what is left over."""
        at, end = 0, len(buffer)
        while end - at >= 2:
            opcode, size, start = buffer[at] & 15, buffer[at + 1], at + 2
            if size == _LARGE:
                start += 2
                size = int.from_bytes(buffer[at + 2 : start], "big")
            elif size == _HUGE:
                start += 8
                size = int.from_bytes(buffer[at + 2 : start], "big")
            if end < start or end - start < size:
                break
            payload = buffer[start : start + size]
            at = start + size
            if opcode == 1:
                self.on_lines(payload)
            elif opcode == 9:
                self._frame(10, payload)
        return buffer[at:]

    def send(self, text: bytes) -> None:
        """One text frame."""
        self._frame(1, text)

    def _frame(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < _LARGE:
            head = struct.pack("!BB", 128 | opcode, 128 | size)
        elif size < 65_536:
            head = struct.pack("!BBH", 128 | opcode, 128 | _LARGE, size)
        else:
            head = struct.pack("!BBQ", 128 | opcode, 128 | _HUGE, size)
        self._transport.write(head + b"\0\0\0\0" + payload)

    async def call(self, method: str, **params: Any) -> Any:
        """One request and its result; for setting up, while nothing is measured."""
        number = len(self._calls) + 1_000_000_000
        answer = self._calls[number] = asyncio.get_running_loop().create_future()
        before, self.on_lines = self.on_lines, self._answers
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.send(json.dumps(request).encode())
        result = await answer
        self.on_lines = before
        return result

    def _answers(self, payload: bytes) -> None:
        for line in payload.split(b"\n"):
            message = json.loads(line)
            call = self._calls.get(message.get("id"))
            if call is None or call.done():
                continue
            if "error" in message:
                call.set_exception(RuntimeError(message["error"]))
            else:
                call.set_result(message["result"])

    def close(self) -> None:
        self._transport.close()


async def connect(port: int, token: str) -> Client:
    """An authenticated connection to ``python -m benchmarks serve``."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Client, "127.0.0.1", port)
    await client.opened
    await client.call("session.start", protocol=1, token=token)
    return client
