"""Pulling: streams lie in the chat store, the caller's own profile in that of accounts."""

from __future__ import annotations

from attrs import evolve

from chatcore.events import Change, MeUpdated, Pulled
from chatcore.flows import users
from chatcore.flows.parts import Parts
from chatcore.models import Actor
from chatcore.operations import GetMe, Pull
from chatcore.services import sync


async def pull(parts: Parts, actor: Actor, operation: Pull) -> Pulled:
    """Changes of up to 100 streams; a changed profile as it is now."""
    pulled = await parts.chat_read(lambda work: sync.pull(work, actor, operation))
    if not any(isinstance(change.event, MeUpdated) for change in pulled.changes):
        return pulled
    me = MeUpdated(await users.me(parts, actor, GetMe()))

    def filled(change: Change) -> Change:
        return evolve(change, event=me) if isinstance(change.event, MeUpdated) else change

    return evolve(pulled, changes=tuple(map(filled, pulled.changes)))
