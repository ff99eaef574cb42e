"""Exporting in storage: what is looked for by other than a member's eyes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from chatcore.ids import ConversationId


class ExportRepository(ABC):
    """Finding what to export."""

    @abstractmethod
    def named(self, text: str, limit: int) -> Sequence[ConversationId]:
        """Living conversations with this id or this very title."""
