"""IRC logs: what each line becomes, when it was written, who answers whom, and what is refused."""

from datetime import UTC, date, datetime

import pytest

from chatcore.errors import Invalid
from chatcore.importers import irc
from chatcore.rules.text import fold_username

DAY = date(2019, 3, 4)
LOG = """\
=== vera has joined #bread
[07:58] <otto> does rye need longer?
[07:59] <vera> otto: it does, and more water
[08:00]  * otto takes notes
=== otto is now known as otto|oven
=== otto|oven looks worried
[08:01] <otto|oven> now it's walking off the table
=== vera [~vera@198.51.100.7]  has left #bread []
=== kim [~kim@198.51.100.9] has quit [Ping timeout]
"""


def parse(log: str, replies: str = "") -> irc.Transcript:
    """A log of :data:`DAY`."""
    return irc.parse(log.encode(), DAY, replies)


def test_lines_become_messages_and_notices() -> None:
    """Speech and actions are texts; joins, leaves and new names are notices."""
    kinds = [(entry.kind, entry.body) for entry in parse(LOG).entries]
    assert kinds == [
        ("system", "vera has joined #bread"),
        ("text", "does rye need longer?"),
        ("text", "otto: it does, and more water"),
        ("text", "/me takes notes"),
        ("system", "otto is now known as otto|oven"),
        ("text", "/me looks worried"),
        ("text", "now it's walking off the table"),
        ("system", "vera has left #bread"),
        ("system", "kim has quit [Ping timeout]"),
    ]


def test_every_nick_is_a_person_of_its_own() -> None:
    """Each nick stands once, in order of appearance, the new name of a renamed one included."""
    transcript = parse(LOG)
    assert [one.display_name for one in transcript.people.values()] == [
        "vera",
        "otto",
        "otto|oven",
        "kim",
    ]
    assert {entry.author for entry in transcript.entries} == set(transcript.people)


def test_someone_who_only_gets_a_new_name_is_there_under_both() -> None:
    """The second nick is a person even where nothing is ever said under it."""
    people = parse("=== ann is now known as ann_away\n").people.values()
    assert [one.display_name for one in people] == ["ann", "ann_away"]


@pytest.mark.parametrize(
    "line",
    ["=== ann has a cold", "=== ann has joined in the laughter", "=== ann is now hungry"],
)
def test_what_only_looks_like_a_notice_is_an_action(line: str) -> None:
    """An action may begin with the words of a notice."""
    (entry,) = parse(line).entries
    assert (entry.kind, entry.body) == ("text", line.replace("=== ann", "/me"))


def test_times_are_of_the_day_and_utc() -> None:
    """A line without a time has that of the one before; the first ones, that of the next."""
    times = [entry.at for entry in parse(LOG).entries]
    assert times[0] == datetime(2019, 3, 4, 7, 58, tzinfo=UTC)
    assert [moment.strftime("%H:%M") for moment in times] == (
        ["07:58", "07:58", "07:59", "08:00", "08:00", "08:00", "08:01", "08:01", "08:01"]
    )


def test_a_clock_that_falls_far_back_has_passed_midnight() -> None:
    """Twelve hours or less back is a clock that was set; more is the next day."""
    log = "[23:59] <a1> one\n[00:01] <a1> two\n[11:59] <a1> three\n[00:00] <a1> four\n"
    days = [entry.at.day for entry in parse(log).entries]
    assert days == [4, 5, 5, 5]
    assert [entry.at.day for entry in parse("[12:00] <a1> x\n[00:00] <a1> y").entries] == [4, 4]
    assert [entry.at.day for entry in parse("[12:01] <a1> x\n[00:00] <a1> y").entries] == [4, 5]


def test_replies_name_the_entry_they_answer() -> None:
    """Numbers count raw lines from 0; the nearest of several counts, and one's own none."""
    transcript = parse(LOG, "1 1 -\n1 2 -\n0 6 -\n2 6 - \n")
    answers = {entry.key: entry.reply_to for entry in transcript.entries if entry.reply_to}
    assert answers == {
        "irc-2019-03-04-2": "irc-2019-03-04-1",
        "irc-2019-03-04-6": "irc-2019-03-04-2",
    }


@pytest.mark.parametrize("replies", ["1 9 -", "5 3 -", "1 2", "one two -", "1 2 - 3"])
def test_a_wrong_file_of_replies_is_refused(replies: str) -> None:
    """A number past the log, an answer to what comes later, or another format is an error."""
    with pytest.raises(Invalid):
        parse(LOG, replies)


def test_the_last_line_may_be_answered_to_and_answer() -> None:
    """Line 8 of nine is within the log; line 9 isn't."""
    assert parse(LOG, "6 8 -").entries[8].reply_to == "irc-2019-03-04-6"


def test_lines_that_say_nothing_are_left_out_and_counted() -> None:
    """Empty speech, an empty action and a blank line give no entry; a reply to one gives none."""
    log = "[09:00] <a1> \n\n[09:00]  * a1\n[09:01] <b2> still there?\n"
    transcript = parse(log, "0 3 -")
    assert [entry.key for entry in transcript.entries] == ["irc-2019-03-04-3"]
    assert transcript.entries[0].reply_to is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hello there", "Line 1 is no line of an IRC log"),
        ("[9:30] <ann> hi", "Line 1 is no line"),
        ("[24:00] <ann> hi", "Line 1 has no time of day: 24:00"),
        ("[09:30] <ann> nul \0", "Line 1 is not text"),
        ("[09:30] < > hi", "Line 1 is no line"),
    ],
)
def test_a_line_of_something_else_is_refused_and_named(line: str, said: str) -> None:
    """The error says which line it is, counted from 0."""
    with pytest.raises(Invalid, match=said):
        parse("[09:29] <ann> so far, so good\n" + line)


@pytest.mark.parametrize("log", [b"", b"\n", b"\n\n"])
def test_an_empty_log_is_refused(log: bytes) -> None:
    """There is nothing to import from it."""
    with pytest.raises(Invalid, match="empty"):
        irc.parse(log, DAY)


def test_each_line_may_have_its_own_encoding() -> None:
    """UTF-8 and Latin-1 stand in one log, with either kind of line end and a byte order mark."""
    log = b"\xef\xbb\xbf[10:00] <ann> caf\xc3\xa9\r\n[10:00] <ben> caf\xe9\n"
    assert [entry.body for entry in irc.parse(log, DAY).entries] == ["café", "café"]


def test_nicks_compare_as_irc_does() -> None:
    """Case doesn't matter, and brackets are the capital letters of braces."""
    assert len(parse("[10:00] <Ann[x]> hi\n[10:00] <ann{X}> ho").people) == 1
    assert len(parse("[10:00] <ann> hi\n[10:00] <ann_> ho").people) == 2


@pytest.mark.parametrize(
    "nick", ["ann", "Ann-2", "|ann|", "a", "^", "___", "ann\\x", "аnn", "x" * 200, "[-.-]"]
)
def test_everyone_gets_a_name_that_is_allowed(nick: str) -> None:
    """Both names fold, whatever the nick; the display name is the nick."""
    (person,) = parse(f"[10:00] <{nick}> hi").people.values()
    assert fold_username(person.username) != fold_username(person.spare) or (
        person.username == person.spare
    )
    assert person.display_name == nick[:80]
    assert person.key.isascii()
    assert len(person.key) <= 64


def test_a_nick_that_is_a_username_stays_one() -> None:
    """Only what isn't allowed is changed, and what is changed tells similar nicks apart."""
    log = "[10:00] <Ann> hi\n[10:00] <ann|> hi\n[10:00] <ann^> hi"
    first, second, third = (one.username for one in parse(log).people.values())
    assert first == "Ann"
    assert second.startswith("ann-")
    assert third.startswith("ann-")
    assert second != third


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2016-12-19_20.raw.txt", date(2016, 12, 19)),
        ("#bread.2019-03-04.log", DAY),
        ("2019-13-04.txt", None),
        ("12019-03-04.txt", None),
        ("bread.log", None),
    ],
)
def test_the_day_is_in_the_name_or_nowhere(name: str, day: date | None) -> None:
    """A date in ISO form counts, wherever it stands."""
    assert irc.day_of(name) == day
