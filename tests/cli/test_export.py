"""``export``: a user's data or a conversation, as a file that is whole or not there."""

import json
import zipfile
from pathlib import Path

import pytest

from chatcore.blocking import BlockingEngine
from chatcore.cli import main
from chatcore.models import ANONYMOUS
from chatcore.operations import CreateConversation, Register, SendMessage
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD


@pytest.fixture
def talking(database: str) -> str:
    """A database with a group called bread and two called cake."""
    with BlockingEngine(database, hasher=PlainHasher()) as engine:
        ann = engine.execute(ANONYMOUS, Register("ann", PASSWORD)).actor
        for title in ("bread", "cake", "cake"):
            group = engine.execute(ann, CreateConversation(kind="group", title=title))
            engine.execute(ann, SendMessage(group.id, f"about {title}"))
    return database


def types(lines: str) -> list[str]:
    """What the entries are."""
    return [json.loads(line)["type"] for line in lines.splitlines()]


def test_a_user(talking: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As lines or as a ZIP file, with a bar and a summary."""
    lines, archive = tmp_path / "ann.jsonl", tmp_path / "ann.zip"
    for path in (lines, archive):
        command = ["export", "user", "Ann", "--database", talking, "--output", str(path)]
        assert main([*command, "--progress"]) == 0
        assert path.stat().st_mode & 0o077 == 0
    told = capsys.readouterr()
    assert "3 membership, 3 message, 1 profile" in told.out
    assert "100 %" in told.err
    assert types(lines.read_text()).count("message") == 3
    with zipfile.ZipFile(archive) as found:
        assert types(found.read("export.jsonl").decode())[-1] == "end"
    assert sorted(path.name for path in tmp_path.iterdir() if "ann" in path.name) == [
        "ann.jsonl",
        "ann.zip",
    ]


def test_a_conversation(talking: str, tmp_path: Path) -> None:
    """By its title, where only one has it."""
    path = tmp_path / "bread.jsonl"
    command = ["export", "conversation", "bread", "--database", talking, "--output", str(path)]
    assert main(command) == 0
    assert types(path.read_text()) == ["export", "conversation", "member", "message", "end"]


@pytest.mark.parametrize(
    "words",
    [
        ["user", "nobody", "--output", "x.jsonl"],
        ["user", "??", "--output", "x.jsonl"],
        ["user", "ann", "--output", "x.txt"],
        ["conversation", "nothing", "--output", "x.jsonl"],
        ["conversation", "cake", "--output", "x.jsonl"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_exported(
    words: list[str], talking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaves no file behind."""
    monkeypatch.chdir(tmp_path)
    assert main(["export", *words, "--database", talking]) == 1
    assert list(tmp_path.glob("x.*")) == []


def test_a_broken_export_leaves_nothing(
    talking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is there is whole."""

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("chatcore.flows.exports._write", broken)
    path = tmp_path / "ann.jsonl"
    assert main(["export", "user", "ann", "--database", talking, "--output", str(path)]) == 1
    assert [one.name for one in tmp_path.iterdir() if "ann" in one.name] == []
