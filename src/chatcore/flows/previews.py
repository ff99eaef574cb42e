"""Previews of links are looked up after a message is sent, beside everything else.

What was sent while the engine ended, or while too many waited, stays without a preview: it is an
ornament, and nobody waits for it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from chatcore.errors import ChatError
from chatcore.events import Announcement, MessageEdited, MessageSent
from chatcore.flows.parts import Parts
from chatcore.ids import to_ms
from chatcore.models import LinkPreview, Message
from chatcore.ports.previews import LinkPreviewer
from chatcore.rules.links import first_link
from chatcore.services import previews

logger = logging.getLogger("chatcore.previews")

_OLD_MS: Final = 3_600_000
"""Messages that were taken over from elsewhere are older than this, and nobody waits for them."""
_KEPT: Final = 256
_KEPT_S: Final = 600.0


class Previews:
    """Notices links in what was sent, and looks them up, a few at once."""

    def __init__(self, parts: Parts, previewer: LinkPreviewer) -> None:
        self._parts = parts
        self._previewer = previewer
        limits = parts.limits
        self._put, self._waiting = anyio.create_memory_object_stream[tuple[Message, str]](
            limits.previews_waiting
        )
        self._known: dict[str, tuple[float, LinkPreview | None]] = {}

    def notice(self, announcements: Sequence[Announcement]) -> None:
        """Queue the messages among these that have a link. Never blocks."""
        for one in announcements:
            if isinstance(one.event, (MessageSent, MessageEdited)):
                self._notice(one.event.message)

    def _notice(self, message: Message) -> None:
        body = message.body
        if not body or "://" not in body or message.kind == "system" or message.link_preview:
            return
        changed = message.edited_at or message.created_at
        link = first_link(body, self._parts.limits.url_chars)
        if link is None or to_ms(changed) < self._parts.clock.now() - _OLD_MS:
            return
        try:
            self._put.send_nowait((message, link))
        except anyio.WouldBlock:
            logger.info("too many links wait for a preview")
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            pass  # the engine is closing

    async def run(self) -> None:
        """Look up what is noticed, until cancelled."""
        with self._put, self._waiting:
            async with anyio.create_task_group() as tasks:
                for _ in range(self._parts.limits.previews_at_once):
                    tasks.start_soon(self._work, self._waiting.clone())

    async def _work(self, waiting: MemoryObjectReceiveStream[tuple[Message, str]]) -> None:
        with waiting:
            async for message, link in waiting:
                try:
                    await self._look(message, link)
                except ChatError:
                    logger.exception("a preview could not be kept")

    async def _look(self, message: Message, link: str) -> None:
        preview = await self._preview(link)
        if preview is not None:
            found = preview
            await self._parts.chat_write(lambda work: previews.attach(work, message, found))

    async def _preview(self, link: str) -> LinkPreview | None:
        now = self._parts.clock.monotonic()
        held = self._known.get(link)
        if held is not None and held[0] > now:
            return held[1]
        try:
            found = await self._previewer.preview(link, self._parts.limits)
        except Exception:
            # A host's own previewer must not end everybody's.
            logger.exception("a link could not be looked up")
            found = None
        self._known.pop(link, None)
        self._known[link] = (now + _KEPT_S, found)
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        return found
