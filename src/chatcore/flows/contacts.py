"""Asking for a contact: by id, or by a phone number that the accounts store knows."""

from __future__ import annotations

from chatcore.errors import Forbidden, Invalid, NotFound
from chatcore.flows.parts import Parts
from chatcore.ids import UserId
from chatcore.models import Actor, Contact
from chatcore.operations import RequestContact
from chatcore.rules.addresses import parse_phone
from chatcore.services import contacts


async def request(parts: Parts, actor: Actor, operation: RequestContact) -> Contact:
    """Raises :class:`NotFound` for an unknown user, :class:`Forbidden` for who accepts no requests.

    By phone both answer :class:`NotFound`, like a number that is nobody's: who doesn't want to be
    found by it is not to be told from who isn't here.
    """
    if (operation.user_id is None) == (operation.phone is None):
        raise Invalid.field("user_id", "give either this or phone")
    if operation.phone is None:
        return await _ask(parts, actor, operation.user_id)
    number = parse_phone(operation.phone, parts.settings.phone_region)
    record = await parts.accounts_read(lambda work: work.unit.users.by_phone(number))
    try:
        return await _ask(parts, actor, None if record is None else record.id, by_phone=True)
    except Forbidden as error:
        raise NotFound from error


async def _ask(
    parts: Parts, actor: Actor, other: UserId | None, *, by_phone: bool = False
) -> Contact:
    if other is None or not await parts.cards([other]):
        raise NotFound
    return await parts.chat_write(
        lambda work: contacts.request(work, actor, other, by_phone=by_phone)
    )
