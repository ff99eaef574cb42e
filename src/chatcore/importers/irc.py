"""IRC logs, and who answers whom in them.

A log has one line a message:

    [HH:MM] <nick> text
    [HH:MM]  * nick action
    === nick [user@host] has joined #channel
    === nick [user@host] has left #channel [reason]
    === nick is now known as other
    === nick action

Lines are counted from 0. A file of replies has lines ``A B -``: line B answers line A, and where
both are the same a new thread begins. Nicks compare as IRC does (RFC 2812, section 2.2).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from attrs import frozen

from chatcore.errors import Invalid
from chatcore.importers.transcript import Entry, Person, Transcript
from chatcore.rules.text import fold_username

_SAID: Final = re.compile(r"\[(\d\d):(\d\d)\] <(?P<nick>[^>\s]+)> ?(?P<text>.*)")
_ACTED: Final = re.compile(r"\[(\d\d):(\d\d)\]  ?\* (?P<nick>\S+) ?(?P<text>.*)")
_NOTED: Final = re.compile(r"=== (?P<nick>\S+)(?: \[\S*\])?\s+(?P<text>.*)")
_NOTICE: Final = re.compile(r"has (?:joined|left) #|has quit\b|is now known as \S+$")
_RENAMED: Final = re.compile(r"is now known as (\S+)$")
_REPLY: Final = re.compile(r"(\d+) (\d+) -\s*")
_DAY: Final = re.compile(r"(?<!\d)(\d{4}-\d\d-\d\d)(?!\d)")
_SAME_LETTERS: Final = str.maketrans("[]\\~", "{}|^")
_MIDNIGHT: Final = timedelta(hours=12)
"""A clock that falls back by more has passed midnight; by less, it was only set."""


@frozen
class _Line:
    """One line of a log, taken apart. Without a body it says nothing."""

    number: int
    nick: str
    kind: Literal["text", "system"]
    body: str
    clock: time | None
    """None where the log doesn't say."""
    renamed: str | None = None


def parse(log: bytes, day: date, replies: str = "") -> Transcript:
    """A log's transcript; its first line was written on ``day``, and its times are UTC.

    Lines without text are left out. Raises :class:`Invalid` for a line that no log has, and says
    which.
    """
    text = _decoded(log)
    lines = [_line(number, line) for number, line in enumerate(text) if line.strip()]
    if not lines:
        raise Invalid("The log is empty")
    people: dict[str, Person] = {}
    for line in lines:
        for nick in filter(None, (line.nick, line.renamed)):
            people.setdefault(_key(nick), _person(nick))
    answers = _replies(replies, len(text))
    kept = {line.number for line in lines if line.body}
    entries = (
        Entry(
            key=f"irc-{day}-{line.number}",
            author=_key(line.nick),
            kind=line.kind,
            body=line.body,
            at=at,
            reply_to=f"irc-{day}-{earlier}" if earlier in kept else None,
        )
        for line, at in zip(lines, _moments(lines, day), strict=True)
        for earlier in (answers.get(line.number),)
        if line.number in kept
    )
    return Transcript(source="irc", people=people, entries=tuple(entries))


def day_of(name: str) -> date | None:
    """The day in a file's name, as in ``2016-12-19.txt``."""
    found = _DAY.search(name)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _decoded(log: bytes) -> list[str]:
    """The lines: UTF-8, and Latin-1 where one isn't, since a channel's clients never agreed."""
    lines = log.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\n").split(b"\n")
    return [_text(line).rstrip("\r") for line in lines]


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _line(number: int, line: str) -> _Line:
    if "\0" in line:
        raise Invalid(f"Line {number} is not text")
    if found := _SAID.fullmatch(line):
        return _Line(number, found["nick"], "text", found["text"].strip(), _clock(number, found))
    if found := _ACTED.fullmatch(line):
        body = _action(found["text"])
        return _Line(number, found["nick"], "text", body, _clock(number, found))
    if found := _NOTED.fullmatch(line):
        nick, text = found["nick"], found["text"].removesuffix("[]").strip()
        if not _NOTICE.match(text):
            return _Line(number, nick, "text", _action(text), None)
        renamed = _RENAMED.match(text)
        return _Line(number, nick, "system", f"{nick} {text}", None, renamed and renamed[1])
    raise Invalid(f"Line {number} is no line of an IRC log: {line[:80]!r}")


def _action(text: str) -> str:
    return f"/me {text.strip()}" if text.strip() else ""


def _clock(number: int, found: re.Match[str]) -> time:
    try:
        return time(int(found[1]), int(found[2]))
    except ValueError:
        raise Invalid(f"Line {number} has no time of day: {found[1]}:{found[2]}") from None


def _moments(lines: Sequence[_Line], day: date) -> Iterator[datetime]:
    """When each line was written. A line without a time has that of the one before it."""
    first = next((line.clock for line in lines if line.clock is not None), time())
    now = datetime.combine(day, first, UTC)
    for line in lines:
        then = now if line.clock is None else datetime.combine(now.date(), line.clock, UTC)
        now = then + timedelta(days=1) if now - then > _MIDNIGHT else then
        yield now


def _replies(text: str, count: int) -> Mapping[int, int]:
    """Which line each one answers; of several, the nearest."""
    answers: dict[int, int] = {}
    for line in filter(str.strip, text.splitlines()):
        found = _REPLY.fullmatch(line)
        if found is None:
            raise Invalid(f"No line of a file of replies: {line[:80]!r}")
        earlier, later = int(found[1]), int(found[2])
        if earlier > later or later >= count:
            raise Invalid(f"A reply leads out of the log: {line[:80]!r}")
        if earlier < later:
            answers[later] = max(earlier, answers.get(later, 0))
    return answers


def _key(nick: str) -> str:
    return "irc-" + _digest(nick, 40)


def _digest(nick: str, length: int) -> str:
    same = nick.lower().translate(_SAME_LETTERS)
    return hashlib.sha256(same.encode()).hexdigest()[:length]


def _person(nick: str) -> Person:
    """A nick that can't be a username keeps what can, and gets a tail that tells it apart."""
    stem = re.sub(r"[^0-9A-Za-z._-]+", "-", nick).strip("-.")[:60] or "irc"
    spare = f"{stem}-{_digest(nick, 6)}"
    return Person(
        key=_key(nick),
        username=nick if _allowed(nick) else spare,
        spare=spare,
        display_name=nick[:80],
    )


def _allowed(nick: str) -> bool:
    try:
        fold_username(nick)
    except Invalid:
        return False
    return True
