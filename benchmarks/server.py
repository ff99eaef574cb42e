"""The server under measure: stock Starlette and uvicorn, the example's own adapter.

Limits are raised, so that the numbers show the engine and not its throttles, passwords hash
cheaply, so that hundreds of accounts are made in no time, and the garbage collector is told to look
less often. Durability stays full.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import define

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def serve(storage: str, port: int) -> None:
    """Serve until interrupted; then print what the process used, as one line of JSON."""
    import uvicorn
    from argon2 import PasswordHasher

    from chatcore import Limits
    from chatcore.security.passwords import Argon2Hasher

    sys.path.insert(0, str(EXAMPLES))
    from starlette_app import create_app

    many = 1_000_000_000
    limits = Limits(
        sends=many,
        requests_a_minute=many,
        requests_burst=many,
        requests_a_minute_an_address=many,
        requests_burst_an_address=many,
        registrations_an_hour_an_address=many,
        sockets_a_user=many,
        unauthenticated_sockets_an_address=many,
        login_failures_an_account=many,
        login_failures_an_address=many,
        group_members=10_000,
        members_a_request=10_000,
    )
    hasher = Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    files = tempfile.mkdtemp(prefix="chatcore-benchmark-")
    app = create_app(storage, files, limits=limits, hasher=hasher)
    # What was imported stays for good: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    # A batch makes thousands of objects that end with it: looking at them earlier finds nothing.
    gc.set_threshold(10_000)
    began = time.perf_counter()
    # uvicorn raises the signal that stopped it once more, at the end.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.run(
        app,
        port=port,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
        access_log=False,
    )
    shutil.rmtree(files)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - began,
                "cpu_s": used.ru_utime + used.ru_stime,
                "peak_mb": used.ru_maxrss / 1024,
                **app.state.engine.statistics(),
            }
        )
    )


@define
class Server:
    """A server process of our own."""

    port: int
    process: subprocess.Popen[str]
    statistics: dict[str, Any]

    def cpu_s(self) -> float:
        """Processor seconds used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running(storage: str, *, cpu: int | None) -> Iterator[Server]:
    """Start a server pinned to ``cpu``, and stop it at the end."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/chat.db" if storage == "sqlite" else storage
        command = [sys.executable, "-m", "benchmarks", "serve"]
        command += ["--storage", url, "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
        if cpu is not None:
            os.sched_setaffinity(process.pid, {cpu})
        server = Server(port, process, {})
        try:
            _wait_until_ready(server)
            yield server
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=30)
            with contextlib.suppress(ValueError, IndexError):
                server.statistics = json.loads(output.strip().splitlines()[-1])


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: Server) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=2)
            return
        if server.process.poll() is not None:
            raise RuntimeError("the server ended")
        time.sleep(0.05)
    raise RuntimeError("the server doesn't answer")


def post(port: int, path: str, body: dict[str, Any], token: str | None = None) -> Any:
    """One HTTP request, for setting up."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1{path}", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def register(port: int, count: int) -> list[tuple[str, str]]:
    """``count`` new users, as (id, token)."""
    found = []
    for number in range(count):
        body = {"username": f"user{number}", "password": "correct horse battery"}
        answer = post(port, "/register", body)
        found.append((answer["user"]["id"], answer["session"]["token"]))
    return found
