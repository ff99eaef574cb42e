"""Contacts in storage: each of the two has a row of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from attrs import define

from chatcore.ids import Milliseconds, UserId


@define(kw_only=True)
class ContactRecord:
    """One side of a contact, or what is left of it."""

    user_id: UserId
    other_id: UserId
    state: str
    incoming: bool
    created_at: Milliseconds
    updated_at: Milliseconds
    me_rev: int
    """The rev of the last change on the user's account stream."""


class ContactRepository(ABC):
    """Who knows whom."""

    @abstractmethod
    def get(
        self, pairs: Collection[tuple[UserId, UserId]]
    ) -> Mapping[tuple[UserId, UserId], ContactRecord]:
        """The sides (who, whom) that there are, in whatever state."""

    @abstractmethod
    def of(self, user_id: UserId) -> set[UserId]:
        """The user's accepted contacts."""

    @abstractmethod
    def count(self, user_id: UserId) -> int:
        """How many the user has that are accepted or requested."""

    @abstractmethod
    def page(
        self, user_id: UserId, states: Collection[str], after: str, limit: int
    ) -> Sequence[ContactRecord]:
        """The user's contacts in these states, by the other's id."""

    @abstractmethod
    def save(self, records: Sequence[ContactRecord]) -> None:
        """Insert or replace."""

    @abstractmethod
    def changed(self, user_id: UserId, rev: int, limit: int) -> Sequence[ContactRecord]:
        """The first ``limit`` that changed after ``rev``, by rev."""
