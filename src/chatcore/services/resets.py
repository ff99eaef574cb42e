"""Forgotten passwords: the parts that are one transaction. ``flows.resets`` joins them."""

from __future__ import annotations

import hmac

from attrs import frozen

from chatcore.errors import Unauthenticated
from chatcore.ids import SessionId, UserId, to_datetime
from chatcore.ports.identity import PasswordReset
from chatcore.ports.resets import ResetRecord
from chatcore.services import identifiers
from chatcore.services.work import AccountsWork


@frozen
class NewCode:
    """A code, and what is stored of it."""

    code: str
    id: str
    code_hash: str


def issue(work: AccountsWork, login: str, new: NewCode) -> PasswordReset | None:
    """Store a code for whom ``login`` means; what has to be delivered, None where nothing has.

    Earlier codes stay good, so that asking for more is no way to spoil the one in somebody's
    mail; and past a few that are good nothing is sent.
    """
    record = identifiers.owner(work, login)
    if record is None or record.kind != "person":
        return None
    if record.email is None and record.phone is None:
        return None
    work.unit.resets.expire(work.now)
    if len(work.unit.resets.of(record.id)) >= work.limits.reset_codes:
        return None
    expires_at = work.now + int(work.limits.reset_code_s * 1_000)
    work.unit.resets.insert(
        ResetRecord(id=new.id, user_id=record.id, code_hash=new.code_hash, expires_at=expires_at)
    )
    return PasswordReset(
        user_id=record.id,
        display_name=record.display_name,
        email=record.email,
        phone=record.phone,
        code=new.code,
        expires_at=to_datetime(expires_at),
    )


def verify(work: AccountsWork, id: str, code_hash: str) -> UserId | None:
    """Whose code it is, if it is good; a wrong one with the right beginning is a guess."""
    record = work.unit.resets.get(id)
    if record is None or record.expires_at <= work.now:
        return None
    if record.guesses >= work.limits.reset_guesses:
        return None
    if not hmac.compare_digest(record.code_hash, code_hash):
        record.guesses += 1
        work.unit.resets.save(record)
        return None
    return record.user_id


def redeem(
    work: AccountsWork, id: str, code_hash: str, password_hash: str
) -> tuple[UserId, list[SessionId]]:
    """Set the password and end every session; whose it is, and which these were.

    Raises :class:`Unauthenticated` where the code was used or ran out meanwhile.
    """
    user = verify(work, id, code_hash)
    if user is None or user not in work.unit.users.get([user]):
        raise wrong_code()
    work.unit.resets.forget(user)
    work.unit.users.set_credential(user, password_hash, work.now)
    ended = [session.id for session in work.unit.sessions.of(user)]
    if ended:
        work.unit.sessions.delete(ended)
    return user, ended


def wrong_code() -> Unauthenticated:
    """One answer for codes that are wrong, used, guessed at too often, or over."""
    return Unauthenticated("Wrong code, or it is over")
