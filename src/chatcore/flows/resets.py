"""Forgotten passwords: a code goes out through the host's mailer, and comes back with a new one."""

from __future__ import annotations

import anyio
import anyio.to_thread

from chatcore.errors import Unsupported
from chatcore.flows.accounts import tell_revoked
from chatcore.flows.parts import Parts
from chatcore.models import Actor, Done
from chatcore.operations import RequestReset, ResetPassword
from chatcore.ports.identity import Mailer
from chatcore.security.codes import new_code, read_code
from chatcore.security.passwords import check_password
from chatcore.services import resets
from chatcore.services.resets import NewCode


def _mailer(parts: Parts) -> Mailer:
    if parts.mailer is None:
        raise Unsupported("Passwords are not reset here: the host has given no mailer")
    return parts.mailer


async def request(parts: Parts, actor: Actor, operation: RequestReset) -> Done:
    """The same answer in the same time, whoever is meant: looking and mailing happen beside."""
    parts.spawn(send, parts, _mailer(parts), operation.login)
    return Done()


async def send(parts: Parts, mailer: Mailer, login: str) -> None:
    """Issue a code and have it delivered, where there is somebody to deliver it to."""
    code = new_code()
    read = read_code(code)
    assert read is not None  # noqa: S101 (we have just made it)
    new = NewCode(code, *read)
    # A crash from here on leaves a code that nobody has: it runs out, and another is asked for.
    reset = await parts.accounts_write(lambda work: resets.issue(work, login, new))
    if reset is not None:
        await anyio.to_thread.run_sync(mailer.deliver, reset)


async def reset(parts: Parts, actor: Actor, operation: ResetPassword) -> Done:
    """Raises :class:`Unauthenticated` for a wrong code, before any password is hashed."""
    _mailer(parts)
    check_password(operation.new, parts.limits, path="new")
    read = read_code(operation.code)
    if read is None:
        raise resets.wrong_code()
    id, code_hash = read
    if await parts.accounts_write(lambda work: resets.verify(work, id, code_hash)) is None:
        raise resets.wrong_code()
    hashed = await parts.hashing(lambda: parts.hasher.hash(operation.new))
    with anyio.CancelScope(shield=True):
        user, ended = await parts.accounts_write(
            lambda work: resets.redeem(work, id, code_hash, hashed)
        )
        await tell_revoked(parts, {user: ended})
    return Done()
