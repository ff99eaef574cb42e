"""People whom the host keeps: what its directory answers, and what isn't offered then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, NoReturn

from chatcore import operations as ops
from chatcore.errors import Forbidden, NotFound, Unsupported
from chatcore.flows import accounts, erasure, hosts, users
from chatcore.flows.parts import Parts
from chatcore.ids import UserId, encode_cursor
from chatcore.models import Actor, Erasure, Page, User
from chatcore.operations.base import specs
from chatcore.services import paging
from chatcore.services.accounts import changes_nothing_but_settings


async def _get(parts: Parts, actor: Actor, operation: ops.GetUser) -> User:
    found = await parts.cards([operation.user_id])
    if operation.user_id not in found:
        raise NotFound
    return found[operation.user_id]


async def _search(parts: Parts, actor: Actor, operation: ops.SearchUsers) -> Page[User]:
    prefix = " ".join(operation.q.split())
    return await _page(parts, operation, prefix) if prefix else Page(items=())


async def _list(parts: Parts, actor: Actor, operation: ops.ListUsers) -> Page[User]:
    if not parts.settings.list_users:
        raise Forbidden
    return await _page(parts, operation, "")


async def _page(
    parts: Parts, operation: ops.SearchUsers | ops.ListUsers, prefix: str
) -> Page[User]:
    kind, most = operation.spec.method, paging.size(parts.limits, operation.limit)
    after = paging.after_text(kind, operation.cursor)
    found = await hosts.ask(
        partial(parts.directory.search, prefix, UserId(after) if after else None, most + 1)
    )
    shown = paging.fit(found[:most], parts.limits)
    next = encode_cursor(kind, found[shown - 1].id) if shown < len(found) else None
    return Page(items=tuple(found[:shown]), next=next)


async def _update(parts: Parts, actor: Actor, operation: ops.UpdateAccount) -> User:
    """Settings are chat's own, whoever keeps the people."""
    if not changes_nothing_but_settings(operation):
        return await _elsewhere(parts, actor, operation)
    return await accounts.update(parts, actor, operation)


async def _delete(parts: Parts, actor: Actor, operation: ops.DeleteAccount) -> Erasure:
    """What somebody left in chat goes when the host says so; the person is the host's to delete."""
    if not actor.operator:
        return await _elsewhere(parts, actor, operation)
    return await erasure.delete(parts, actor, operation)


async def _elsewhere(parts: Parts, actor: Actor, operation: ops.Operation[Any]) -> NoReturn:
    raise Unsupported("Accounts are kept by the application around this chat, not here")


_ASKED: Final[Mapping[type[ops.Operation[Any]], Callable[..., Awaitable[Any]]]] = {
    ops.GetMe: users.me,
    ops.GetUser: _get,
    ops.SearchUsers: _search,
    ops.ListUsers: _list,
    ops.UpdateAccount: _update,
    ops.DeleteAccount: _delete,
}


def hosted() -> dict[type[ops.Operation[Any]], Callable[..., Awaitable[Any]]]:
    """What becomes of everything that is about accounts where the host keeps them."""
    elsewhere = {spec.cls: _elsewhere for spec in specs() if spec.store == "accounts"}
    return {**elsewhere, **_ASKED}


async def tell(parts: Parts, user_id: UserId) -> None:
    """Announce a card as the directory gives it now, to its user and to whoever watches them."""
    found = await parts.cards([user_id])
    if user_id in found:
        await accounts.tell_profile(parts, found[user_id], found[user_id])
