"""Pins in storage."""

from __future__ import annotations

from abc import ABC, abstractmethod

from chatcore.ids import Milliseconds


class PinRepository(ABC):
    """Which messages a conversation keeps in view."""

    @abstractmethod
    def add(self, conversation_n: int, seq: int, at: Milliseconds) -> None:
        """Add one that isn't there."""

    @abstractmethod
    def remove(self, conversation_n: int, seq: int) -> None:
        """Take one away, if it is there."""

    @abstractmethod
    def count(self, conversation_n: int) -> int:
        """How many there are."""
