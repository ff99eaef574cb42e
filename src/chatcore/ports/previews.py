"""Previews of links: what a host may give the engine to look pages up with."""

from __future__ import annotations

from abc import ABC, abstractmethod

from chatcore.config import Limits
from chatcore.models import LinkPreview


class LinkPreviewer(ABC):
    """Looks at a page that somebody wrote the address of: an address that is not to be trusted."""

    @abstractmethod
    async def preview(self, url: str, limits: Limits) -> LinkPreview | None:
        """What the page says of itself; None where there is nothing, or it can't be had.

        Keeps to ``limits.preview_s``, ``preview_bytes`` and ``preview_redirects``. Runs beside
        everything else, several at once; may be cancelled.
        """
