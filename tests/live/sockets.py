"""Raw WebSocket clients, which speak JSON-RPC by hand and can behave badly."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

ANSWER_S = 15.0
LARGEST = 16 * 1024 * 1024


class RawSocket:
    """One connection to ``/v1/realtime``. Reads only when asked to."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.events: deque[dict[str, Any]] = deque()
        """What came while waiting for something else, oldest first."""
        self._lines: deque[dict[str, Any]] = deque()
        self._ids = count(1)

    def ask(self, method: str, **params: Any) -> int:
        """Send a request and don't wait; its id."""
        number = next(self._ids)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.connection.send(json.dumps(request))
        return number

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request that has to succeed; its result."""
        number = self.ask(method, **params)
        while (line := self.next_line()).get("id") != number:
            self.events.append(line)
        assert "error" not in line, line["error"]
        return dict(line["result"])

    def start(self, token: str) -> dict[str, Any]:
        """Begin the session."""
        return self.call("session.start", protocol=1, token=token)

    def event(self, name: str) -> dict[str, Any]:
        """The parameters of the next event of that name; others before it are dropped."""
        while self.events:
            if (line := self.events.popleft()).get("method") == name:
                return dict(line["params"])
        while (line := self.next_line()).get("method") != name:
            pass
        return dict(line["params"])

    def next_line(self) -> dict[str, Any]:
        """The next answer or event. Raises ``ConnectionClosed`` and ``TimeoutError``."""
        while not self._lines:
            frame = self.connection.recv(ANSWER_S)
            assert isinstance(frame, str)
            self._lines.extend(map(json.loads, frame.split("\n")))
        return self._lines.popleft()

    def closed(self) -> tuple[int, str]:
        """Read until the server closes: its code and reason. What was said is in ``events``."""
        try:
            while True:
                self.events.append(self.next_line())
        except ConnectionClosed as end:
            if end.rcvd is None:
                raise AssertionError("the connection broke without a close frame") from end
            return end.rcvd.code, end.rcvd.reason


@contextmanager
def open_socket(url: str, token: str | None = None, **options: Any) -> Iterator[RawSocket]:
    """A connection under ``chatcore.v1``, begun where there is a token."""
    with connect(
        url.replace("http", "ws", 1) + "/v1/realtime",
        subprotocols=[Subprotocol("chatcore.v1")],
        compression=None,
        proxy=None,
        max_size=LARGEST,
        **options,
    ) as connection:
        opened = RawSocket(connection)
        if token is not None:
            opened.start(token)
        yield opened
