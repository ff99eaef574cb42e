"""The documentation does what it says: its programs run, its commands work, its links lead on."""

import re
import shlex
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import frozen
from starlette.testclient import TestClient

from chatcore import errors
from chatcore.cli import main
from chatcore.cli.demo import load
from chatcore.models import ANONYMOUS
from chatcore.operations import ListConversations, ListMessages, Login
from chatcore.wire.problems import STATUS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.glob("*.md"),
        *(DOCS / "decisions").glob("*.md"),
        *(DOCS / "guide").glob("*.md"),
    ],
    key=lambda page: page.relative_to(ROOT).as_posix(),
)
BLOCK = re.compile(r"^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(#[^)]*)?\)")


@frozen
class Block:
    """A program, a shell's lines or an output, as it stands in a page."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The marked blocks of a page, in order."""
    return [Block(found["language"], found["text"]) for found in BLOCK.finditer(page.read_text())]


def run(program: str, name: str) -> dict[str, Any]:
    """Run a program as a script; what it has defined."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(program, name, "exec"), namespace)
    return namespace


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, into which the adapter was copied as the pages say."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    yield tmp_path
    sys.modules.pop("starlette_app", None)


def read(page: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Do what a page says from top to bottom, comparing outputs; what each program has defined."""
    found = []
    printed = ""
    for number, block in enumerate(blocks(page)):
        if block.language == "python":
            found.append(run(block.text, f"{page.name}, block {number}"))
            printed = capsys.readouterr().out
        elif block.language == "text":
            assert printed == block.text
    return found


def test_the_readme_runs(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its first program prints what stands below it, in ten lines; its second one serves."""
    library, mounted = read(ROOT / "README.md", capsys)
    program = blocks(ROOT / "README.md")[0].text
    assert len([line for line in program.splitlines() if line.strip()]) == 10
    assert "ChatEngine" in library
    with TestClient(mounted["app"]) as client:
        assert client.get("/chat/healthz").json() == {"status": "ok"}
        assert client.get("/chat/v1/openapi.json").status_code == 200
        assert client.get("/chat/v1/asyncapi.json").status_code == 200
        assert "<title>" in client.get("/chat/").text


def test_the_tutorial_runs(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every program works on what the ones before it left, and prints what stands below it."""
    *_, shop, speaking = read(DOCS / "tutorial.md", capsys)
    with TestClient(shop["app"]) as client:
        assert "under /chat/" in client.get("/").text
        assert "<title>" in client.get("/chat/").text
        body = {"login": "ben", "password": "battery staple"}
        assert client.post("/chat/v1/login", json=body).status_code == 200
    anyio.run(said_once, shop["chat"], speaking["shipped"])


async def said_once(chat: Any, shipped: Any) -> None:
    """The host's own message arrives, once, however often it is sent."""
    async with chat.router.lifespan_context(chat):
        engine = chat.state.engine
        ben = (await engine.execute(ANONYMOUS, Login("ben", "battery staple"))).actor
        for _ in range(2):
            await shipped(chat, ben.id, "17")
        talks = (await engine.execute(ben, ListConversations())).items
        (talk,) = [one for one in talks if one.kind == "direct"]
        bodies = [one.body for one in (await engine.execute(ben, ListMessages(talk.id))).items]
    assert bodies == ["Hello Ben", "Order 17 is on its way."]


def commands(page: Path) -> list[list[str]]:
    """What a page has ``python -m chatcore`` do."""
    shell = "".join(block.text for block in blocks(page) if block.language == "sh")
    lines = shell.replace("\\\n", "").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [word[3:] for word in words if word[:3] == ["python", "-m", "chatcore"]]


def test_the_commands_work(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command line of the page is run as it stands, the demo up to the point of serving."""
    (log,) = [one for one in blocks(DOCS / "commands.md") if one.language == "text"]
    Path("2019-03-04.txt").write_text(log.text)
    served = []
    server = import_module("chatcore.cli.server")
    monkeypatch.setattr(server, "serve", lambda app, host, port: served.append(app) or 0)
    lines = commands(DOCS / "commands.md")
    assert {line[0] for line in lines} == {"demo", "migrate", "doctor", "import", "export", "prune"}
    for line in lines:
        assert main(line) == 0, line
    assert "#bread: 3 messages (0 replies) and 2 notices of 3 people" in capsys.readouterr().out
    assert len(served) == 3
    with TestClient(served[-1]) as client:
        body = {"login": "maya", "password": "wheels and bells"}
        token = client.post("/v1/login", json=body).json()["session"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        listed = client.get("/v1/conversations", headers=headers).json()["items"]
    assert "#bread" in [one.get("title") for one in listed]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file; the reference of the protocol is made by the build."""
    for target, _ in LINK.findall(page.read_text()):
        if "://" in target or target in ("protocol.md", "docs/images/demo.png"):
            continue
        assert (page.parent / target).exists(), target


def test_the_guarantees_name_tests_that_exist() -> None:
    """Every path in backquotes is there."""
    named = re.findall(r"`((?:tests|examples)/[^`]*)`", (DOCS / "guarantees.md").read_text())
    assert len(named) >= 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_architecture_names_every_module() -> None:
    """Whatever lies at the top of the package has its place in the tour."""
    text = (DOCS / "architecture.md").read_text()
    named = {name.rstrip("/") for name in re.findall(r"`([a-z_]+/?)`", text)}
    package = ROOT / "src" / "chatcore"
    there = {path.stem for path in package.iterdir() if not path.name.startswith(("_", "py.typed"))}
    assert there - named == set()


def test_every_error_has_its_advice() -> None:
    """The table of errors has each code once, and none that isn't there."""
    listed = re.findall(r"^\| `([a-z_]+)` \|", (DOCS / "errors.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(STATUS)
    assert {errors.Misconfigured.__name__, errors.MissingExtra.__name__} <= set(
        re.findall(r"`(\w+)`", (DOCS / "errors.md").read_text())
    )


@pytest.mark.parametrize(
    "page",
    [page for page in (DOCS / "decisions").glob("*.md") if page.name != "README.md"],
    ids=lambda page: page.stem,
)
def test_a_decision_has_its_four_parts(page: Path) -> None:
    """A date, and Context, Decision, Alternatives and Consequences in this order."""
    text = page.read_text()
    assert re.search(r"^\d{4}-\d\d-\d\d$", text, re.MULTILINE)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Alternatives", "Consequences"]


def test_the_adapter_that_the_pages_copy_is_there() -> None:
    """It defines what the programs import from it."""
    assert callable(load(ROOT / "examples").create_app)
