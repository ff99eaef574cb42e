"""``import irc``: files and options in, a group and one line out."""

from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from chatcore.blocking import BlockingEngine
from chatcore.cli import main
from chatcore.cli.progress import ProgressBar
from chatcore.models import ANONYMOUS, Actor
from chatcore.operations import ListConversations, ListMessages, Register
from chatcore.testing.fakes import PlainHasher

LOG = "[16:00] <leo> is there any left?\n[16:01] <mia> a pot\n=== mia has left #tea\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log whose name has its day, and beside it who answers whom."""
    file = tmp_path / "2020-02-02.txt"
    file.write_text(LOG)
    (tmp_path / "replies.txt").write_text("0 1 -\n")
    return file


def command(log: Path, database: str, *more: str) -> list[str]:
    """The command line."""
    return ["import", "irc", str(log), "--title", "#tea", "--database", database, *more]


def test_an_import_is_there_for_its_viewer(
    log: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Users of the engine read what the command wrote, replies and times included."""
    with BlockingEngine(database, hasher=PlainHasher()) as engine:
        ann: Actor = engine.execute(ANONYMOUS, Register("ann", "correct horse")).actor
    replies = str(log.with_name("replies.txt"))
    assert main(command(log, database, "--viewer", "ann", "--replies", replies)) == 0
    said = capsys.readouterr()
    assert said.out.startswith("#tea: 2 messages (1 replies) and 1 notices of 2 people (")
    assert said.err == ""
    with BlockingEngine(database, hasher=PlainHasher()) as engine:
        (group,) = engine.execute(ann, ListConversations()).items
        messages = engine.execute(ann, ListMessages(group.id)).items
    assert [one.body for one in messages] == ["is there any left?", "a pot", "mia has left #tea"]
    assert messages[0].created_at.date() == date(2020, 2, 2)
    assert messages[1].reply_to is not None


def test_a_second_time_says_that_it_was_there(
    log: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line tells how many entries weren't new."""
    assert main(command(log, database)) == 0
    capsys.readouterr()
    assert main(command(log, database)) == 0
    assert "2 people, 3 entries there already (" in capsys.readouterr().out


def test_the_day_is_given_where_the_name_has_none(
    log: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a day anywhere nothing is imported; with one on the command line it is that one."""
    plain = log.rename(log.with_name("tea.log"))
    assert main(command(plain, database)) == 1
    assert "give --date YYYY-MM-DD" in capsys.readouterr().err
    assert main(command(plain, database, "--date", "2021-03-04")) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--viewer", "nobody"], "No user is called 'nobody'"),
        (["--viewer", "no body"], "username"),
        (["--replies", "missing.txt"], "No such file"),
    ],
)
def test_a_wrong_option_is_said(
    log: Path, database: str, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, status 1."""
    assert main(command(log, database, *more)) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("more", [["--date", "yesterday"], ["--nonsense"]])
def test_a_wrong_command_line_has_its_own_status(
    log: Path, database: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """argparse explains it, and exits with 2."""
    with pytest.raises(SystemExit) as raised:
        main(command(log, database, *more))
    assert raised.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_progress_is_shown_when_asked_for(
    log: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bar on standard error that ends with everything."""
    assert main(command(log, database, "--progress")) == 0
    assert capsys.readouterr().err.endswith("100 %  3 of 3\n")


def test_a_bar_draws_each_percent_once() -> None:
    """However often it is called, it writes only when the percent has changed."""
    stream = StringIO()
    bar = ProgressBar(stream, shown=True)
    for done in range(1_001):
        bar(done, 1_000)
    drawn = stream.getvalue().split("\r")[1:]
    assert len(drawn) == 101
    assert drawn[50].startswith("█" * 15 + "·" * 15 + "  50 %  500 of 1,000")
    assert stream.getvalue().count("\n") == 1


def test_a_bar_keeps_quiet_off_a_terminal() -> None:
    """A file or pipe gets no bar, a terminal does, and nothing at all counts as done."""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((StringIO(), False), (Terminal(), True)):
        ProgressBar(stream)(0, 0)
        assert bool(stream.getvalue()) is shown
