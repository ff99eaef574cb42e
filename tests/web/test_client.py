"""The JavaScript client, tested in its own language."""

import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "examples" / "web"


@pytest.mark.node
def test_the_client_passes_its_own_tests() -> None:
    """Resuming, applying events and sending exactly once, without a browser."""
    files = sorted(map(str, (WEB / "test").glob("*.test.js")))
    assert files
    ran = subprocess.run(
        ["node", "--test", *files], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout[-4_000:] + ran.stderr[-1_000:]
