"""The server that the demo runs on. Imported only where the ``demo`` extra is installed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import uvicorn

from chatcore.config import Limits

_LIMITS = Limits()


class _Server(uvicorn.Server):
    """Says where it is once it can be reached there."""

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"chatcore is on {self.address()} (Ctrl+C stops it)", flush=True)

    def address(self) -> str:
        """What to open in a browser."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"


def serve(app: Any, host: str, port: int) -> int:
    """Serve ``app`` until interrupted; 0, or 1 where it couldn't begin."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # it costs 64 KiB a connection
        ws_ping_interval=_LIMITS.ping_s,
        ws_ping_timeout=_LIMITS.ping_timeout_s,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 1
