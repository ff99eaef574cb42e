"""What every importer reads its file into: people, and what they said in order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from attrs import frozen


@frozen(kw_only=True)
class Person:
    """Somebody who appears in a transcript."""

    key: str
    """Who it is at the source: printable ASCII, at most 64 characters."""
    username: str
    """The name they should have here, in a form that is allowed."""
    spare: str
    """Another, for where somebody has that already."""
    display_name: str


@frozen(kw_only=True)
class Entry:
    """One thing said or noted."""

    key: str
    """Which one it is at the source; unique within a transcript."""
    author: str
    """The key of a person."""
    kind: Literal["text", "system"]
    body: str
    at: datetime
    reply_to: str | None = None
    """The key of the entry it answers, which comes before it."""


@frozen(kw_only=True)
class Transcript:
    """A conversation from elsewhere, oldest entry first."""

    source: str
    """The kind of place it comes from: ``irc``."""
    people: Mapping[str, Person]
    """By key, in order of appearance."""
    entries: tuple[Entry, ...]
