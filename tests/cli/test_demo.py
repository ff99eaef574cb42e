"""``demo``: what it serves and where from, its sample, and what it says when it can't."""

import importlib.metadata
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from chatcore.cli import demo, main
from chatcore.errors import Misconfigured, MissingExtra

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a demo listens, on a port that was free, until the tests here are over."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "chatcore", "demo", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert found is not None, line
            yield found[0]
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
    assert (folder / "chat.db").exists()


class TestServing:
    """The command as a process of its own."""

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/", "<title>"),
            ("/chatcore-client.js", "export"),
            ("/healthz", '"ok"'),
            ("/readyz", '"ok"'),
            ("/v1/openapi.json", '"openapi":"3.1'),
            ("/v1/asyncapi.json", '"asyncapi":"3.'),
        ],
    )
    def test_everything_is_there(self, address: str, path: str, expected: str) -> None:
        """The page, its client, the health of the engine and the documents of the API."""
        response = httpx2.get(address + path)
        assert response.status_code == 200
        assert expected in response.text

    def test_a_person_can_sign_up(self, address: str) -> None:
        """The engine behind it works."""
        body = {"username": "ann", "password": "correct horse"}
        assert httpx2.post(f"{address}/v1/register", json=body).status_code == 201

    def test_a_taken_port_is_said(self, address: str, tmp_path: Path) -> None:
        """The second demo on a port ends by itself, with another status than success."""
        port = address.rpartition(":")[2]
        command = [sys.executable, "-m", "chatcore", "demo", "--port", port]
        result = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
        )
        assert result.returncode != 0
        assert "in use" in result.stderr


@pytest.mark.parametrize("missing", demo._NEEDED)
def test_a_missing_part_says_what_to_install(
    missing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without any one of the extra's packages the demo doesn't begin."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name == missing else name)
    assert main(["demo"]) == 1
    assert "pip install 'chatcore[demo]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MissingExtra):
        demo.run(demo_options())


def demo_options() -> object:
    """Options that are never looked at."""
    return object()


def test_the_extra_is_what_the_demo_asks_for() -> None:
    """What the command looks for is what the extra installs, but for what only makes it faster."""
    distributions = importlib.metadata.packages_distributions()
    wanted = {distributions[name][0].lower().replace("_", "-") for name in demo._NEEDED}
    required = importlib.metadata.requires("chatcore") or []
    extras = {
        re.split(r"[^A-Za-z0-9-]", line)[0].lower()
        for line in required
        if re.search(r"extra == '(media|starlette)'", line.replace('"', "'"))
    }
    assert wanted == extras - {"uvloop"}


def test_an_installed_package_brings_its_own_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package's copy comes first, then the checkout's; without either there is an error."""
    package = tmp_path / "src" / "chatcore"
    monkeypatch.setattr(demo, "_PACKAGE", package)
    with pytest.raises(Misconfigured, match="came without the demo"):
        demo.folder()
    for place in (tmp_path / "examples", package / "_demo"):
        place.mkdir(parents=True)
        (place / "starlette_app.py").touch()
        assert demo.folder() == place


def test_a_checkout_serves_its_examples() -> None:
    """Here it is the folder beside the sources."""
    assert demo.folder() == ROOT / "examples"


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("box", False)],
)
def test_known_passwords_are_for_this_machine(host: str, local: bool) -> None:
    """Only loopback addresses are out of others' reach."""
    assert demo._local(host) is local


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """--help works everywhere, and the list names all commands."""
    for command in ([], ["demo"], ["migrate"], ["doctor"], ["import"], ["import", "irc"]):
        with pytest.raises(SystemExit) as raised:
            main([*command, "--help"])
        assert raised.value.code == 0
        said = capsys.readouterr().out
        assert "usage: python -m chatcore" in said
    with pytest.raises(SystemExit) as raised:
        main([])
    assert raised.value.code == 2


def test_an_interrupt_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+C ends a command with a word and status 1."""

    def interrupted(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", interrupted)
    assert main(["demo"]) == 1
    assert capsys.readouterr().err == "chatcore: interrupted\n"


def test_the_module_runs() -> None:
    """``python -m chatcore`` is the same command line, in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-m", "chatcore", "migrate", "nonsense"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    assert result.returncode == 1
    assert result.stderr.startswith("chatcore: Not a database URL")
