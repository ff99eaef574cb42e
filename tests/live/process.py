"""A real server in a process of its own, which can be killed, stopped and started again."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import define, field

ROOT = Path(__file__).parents[2]
STOPS_WITHIN_S = 15
NOT_OURS = "Invalid UTF-8 sequence received from client."


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@define
class ServerProcess:
    """The demo on a database and files in ``folder``; its port and data outlive its process."""

    folder: Path
    limits: Mapping[str, float]
    port: int = field(factory=free_port)
    _process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def complaints(self) -> list[str]:
        """What its processes wrote to stderr, but for what uvicorn says about bad clients."""
        log = (self.folder / "stderr.log").read_text()
        records = re.split(r"^(?=[A-Z]+: )", log, flags=re.MULTILINE)
        return [one for one in records if one and NOT_OURS not in one]

    def start(self) -> None:
        """Start, and return once it can be reached."""
        command = [sys.executable, "-m", "tests.live.serve"]
        command += [str(self.folder), str(self.port), json.dumps(dict(self.limits))]
        with (self.folder / "stderr.log").open("a") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError(f"the server didn't start: {self.complaints}")

    def kill(self) -> None:
        """End it between two instructions, as a power cut would; nothing is written any more."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, as an operator would, and wait until it has."""
        self._end(signal.SIGTERM)

    @property
    def peak_bytes(self) -> int:
        """The most memory that the process has held so far; skips where nobody can tell."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status")
        if not status.exists():
            pytest.skip("a process's memory is only read from Linux's /proc")
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert found is not None
        return int(found[1]) * 1024

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            process.send_signal(number)
            process.wait(STOPS_WITHIN_S)


@contextmanager
def serving(folder: Path, **limits: float) -> Iterator[ServerProcess]:
    """A server for the length of the block. A complaint of it is a failure."""
    server = ServerProcess(folder, limits)
    try:
        server.start()
        yield server
    finally:
        server.stop()
    if server.complaints:
        raise AssertionError("\n".join(server.complaints))
