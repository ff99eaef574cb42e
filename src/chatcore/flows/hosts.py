"""What a host that keeps its own people is asked, in threads: its code may wait for a database."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio.to_thread
from attrs import evolve

from chatcore.errors import Unauthenticated
from chatcore.flows.parts import Parts
from chatcore.models import Actor, User
from chatcore.ports.identity import Authenticator, Credentials

T = TypeVar("T")


async def ask(call: Callable[[], T]) -> T:
    """Run the host's code beside the event loop."""
    return await anyio.to_thread.run_sync(call)


async def own(parts: Parts, actor: Actor) -> User:
    """The actor's own card. Raises :class:`Unauthenticated` where the host knows them no more."""
    found = await parts.cards([actor.id])
    if actor.id not in found:
        raise Unauthenticated
    return found[actor.id]


async def recognise(authenticator: Authenticator, shown: Credentials) -> Actor | None:
    """Whom the host takes a request for, with what the request tells of their place."""
    actor = await ask(partial(authenticator.authenticate, shown))
    if actor is None or actor.user_id is None:
        return None
    return evolve(actor, address=shown.address, user_agent=shown.user_agent)
