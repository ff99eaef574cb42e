"""Guests: people without an account, until they want one."""

from __future__ import annotations

from attrs import evolve

from chatcore.errors import Forbidden, Unsupported
from chatcore.ids import UserId, new_id
from chatcore.models import Actor, Authenticated, User
from chatcore.operations import EnterAsGuest, UpgradeGuest
from chatcore.services import accounts, identifiers, users
from chatcore.services.accounts import NewSession
from chatcore.services.identifiers import Identifiers
from chatcore.services.work import AccountsWork


def enter(work: AccountsWork, operation: EnterAsGuest, new: NewSession) -> Authenticated:
    """Let somebody in who has no account. Raises :class:`Unsupported` where nobody may."""
    if not work.settings.guests:
        raise Unsupported("Guests are not let in here")
    id = UserId(new_id(work.now))
    shown = operation.display_name or f"Guest {id[-4:]}"
    return accounts.opened(work, users.new(work, id, Identifiers(), shown, "guest"), new)


def upgrade(work: AccountsWork, actor: Actor, operation: UpgradeGuest, password_hash: str) -> User:
    """Make a guest a person, who keeps what they have. Raises :class:`Forbidden` else."""
    record = users.find(work, actor)
    if record.kind != "guest":
        raise Forbidden("Only a guest becomes a person")
    before = evolve(record)
    given = accounts.given_with(work.limits, work.settings, operation)
    identifiers.require_free(work, given, record.id)
    given.put(record)
    record.kind = "person"
    record.display_name = operation.display_name or record.display_name
    work.unit.users.set_credential(record.id, password_hash, work.now)
    work.unit.sessions.promote(record.id)
    users.keep(work, record, before)
    return users.own(record)
