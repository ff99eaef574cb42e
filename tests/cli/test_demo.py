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
from sqlalchemy import URL

import chatcore
from chatcore.cli import demo, main, sample
from chatcore.cli.poster import poster
from chatcore.cli.story import PASSWORD, PEOPLE, TALKS
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Misconfigured, MissingExtra
from chatcore.models import ANONYMOUS, Actor, Conversation
from chatcore.operations import (
    DeleteMessage,
    ListConversations,
    ListMessages,
    ListSessions,
    Login,
    Register,
)
from chatcore.testing.fakes import PlainHasher

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a demo listens, on a port that was free, until the tests here are over."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "chatcore", "demo", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None, line
        yield found[0]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
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


@pytest.mark.anyio
class TestSample:
    """A small team, already talking."""

    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Passwords that cost nothing, for the sample's engines as well."""
        monkeypatch.setattr("chatcore.engine.Argon2Hasher", PlainHasher)

    @staticmethod
    def engine(folder: Path) -> ChatEngine:
        """An engine on what the sample left."""
        return ChatEngine(f"sqlite:///{folder}/chat.db", files=folder / "files")

    @staticmethod
    async def fill(folder: Path) -> bool:
        """Fill the folder as the command does."""
        url = URL.create("sqlite", database=str(folder / "chat.db"))
        return await sample.fill(folder, url, str(folder / "files"))

    @staticmethod
    async def seen(engine: ChatEngine, name: str) -> tuple[Actor, tuple[Conversation, ...]]:
        """A person of the sample, logged in, and their conversations."""
        actor = (await engine.execute(ANONYMOUS, Login(name, PASSWORD))).actor
        return actor, (await engine.execute(actor, ListConversations())).items

    async def test_everyone_finds_what_the_story_says(self, tmp_path: Path) -> None:
        """Each person logs in and has their conversations, with what they haven't read."""
        assert await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            for name in PEOPLE:
                _, conversations = await self.seen(engine, name)
                talks = [talk for talk in TALKS if name in talk.members]
                assert len(conversations) == len(talks)
                unread = sorted(one.me.unread for one in conversations if one.me)
                assert unread == sorted(talk.unread.get(name, 0) for talk in talks)

    async def test_the_group_has_replies_reactions_and_a_picture(self, tmp_path: Path) -> None:
        """Everything in the story is there, in order, at times before now that rise."""
        await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, conversations = await self.seen(engine, "maya")
            group = next(one for one in conversations if one.kind == "group")
            messages = (await engine.execute(maya, ListMessages(group.id))).items
            (picture,) = [one for one in messages if one.attachments]
            chunks = (await engine.download(maya, picture.attachments[0].upload_id)).chunks
            assert b"".join([chunk async for chunk in chunks]) == poster()
        assert [one.body for one in messages] == [line.text for line in TALKS[0].lines]
        times = [one.created_at for one in messages]
        assert times == sorted(set(times))
        assert sum(one.reply_to is not None for one in messages) >= 3
        assert max(len(one.reactions) for one in messages) >= 2
        assert picture.kind == "image"
        assert (picture.attachments[0].width, picture.attachments[0].height) == (1200, 840)

    async def test_it_is_filled_in_once(self, tmp_path: Path) -> None:
        """What was deleted since stays deleted, and nothing is doubled."""
        await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, (first, *_) = await self.seen(engine, "maya")
            message = (await engine.execute(maya, ListMessages(first.id))).items[0]
            await engine.execute(maya, DeleteMessage(first.id, message.id))
        assert not await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, (first, *_) = await self.seen(engine, "maya")
            messages = (await engine.execute(maya, ListMessages(first.id))).items
        assert messages[0].deleted is not None
        assert len(messages) == len(TALKS[0].lines)

    async def test_what_was_interrupted_is_completed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Broken off after the picture, the next try sends the rest, and nothing twice."""
        whole = sample._message
        left = [8]

        async def failing(*arguments: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return await whole(*arguments)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(sample, "_message", failing)
            with pytest.raises(KeyboardInterrupt):
                await self.fill(tmp_path)
        assert await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, conversations = await self.seen(engine, "maya")
            group = next(one for one in conversations if one.kind == "group")
            messages = (await engine.execute(maya, ListMessages(group.id))).items
        assert [one.body for one in messages] == [line.text for line in TALKS[0].lines]
        assert sum(bool(one.attachments) for one in messages) == 1

    async def test_it_leaves_nobody_signed_in(self, tmp_path: Path) -> None:
        """The sessions that it was made with are over."""
        await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, _ = await self.seen(engine, "maya")
            assert len((await engine.execute(maya, ListSessions())).items) == 1

    async def test_a_name_of_somebody_else_is_respected(self, tmp_path: Path) -> None:
        """Where another maya lives already, nothing is sent, and the error says what to do."""
        async with self.engine(tmp_path) as engine:
            other = (await engine.execute(ANONYMOUS, Register("maya", "another one"))).actor
        with pytest.raises(Conflict, match="called maya already: use another folder"):
            await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            assert (await engine.execute(other, ListConversations())).items == ()


def test_the_invitation_names_everyone() -> None:
    """Names and password stand in one line."""
    said = sample.invitation()
    assert all(name in said for name in PEOPLE)
    assert said.endswith(PASSWORD)


def test_the_story_is_told_in_order() -> None:
    """Later lines are younger, answers go back, and only members speak and react."""
    for talk in TALKS:
        ages = [line.ago for line in talk.lines]
        assert ages == sorted(set(ages), reverse=True)
        for index, line in enumerate(talk.lines):
            assert line.answers is None or line.answers < index
            reacting = {name for names in line.reactions.values() for name in names}
            assert {line.who, *reacting, *talk.unread} <= set(talk.members)
        for name, count in talk.unread.items():
            assert name not in {line.who for line in talk.lines[-count:]}


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
    """What the command looks for is what the extra installs."""
    distributions = importlib.metadata.packages_distributions()
    wanted = {distributions[name][0].lower().replace("_", "-") for name in demo._NEEDED}
    required = importlib.metadata.requires("chatcore") or []
    extras = {
        re.split(r"[^A-Za-z0-9-]", line)[0].lower()
        for line in required
        if re.search(r"extra == '(media|starlette)'", line.replace('"', "'"))
    }
    assert wanted == extras


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
    assert chatcore.__doc__
