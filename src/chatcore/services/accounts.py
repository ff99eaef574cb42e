"""Accounts and sessions: the parts that are one transaction. ``flows.accounts`` joins them."""

from __future__ import annotations

from attrs import evolve, frozen

from chatcore.config import Limits, Settings
from chatcore.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Unauthenticated
from chatcore.ids import Milliseconds, SessionId, UserId, new_id, to_datetime
from chatcore.models import Actor, Authenticated, ErasureDepth, Page, Session, User, UserKind
from chatcore.operations import (
    UNSET,
    CheckAvailability,
    ListSessions,
    Register,
    Resume,
    UpdateAccount,
    UpgradeGuest,
)
from chatcore.operations.accounts import Availability
from chatcore.ports.accounts import SessionRecord, UserRecord
from chatcore.services import identifiers, users
from chatcore.services.identifiers import Identifiers
from chatcore.services.work import AccountsWork

_NAMES = ("username", "email", "phone")
_TOUCH_MS = 60_000
"""How exactly ``last_used_at`` is kept: a write a request would cost more than it tells."""
_PAGE = 100


@frozen
class NewSession:
    """What a session is opened with: the token's hash is all that is ever stored of it."""

    token: str
    token_hash: str
    user_agent: str | None
    address: str | None


def check(work: AccountsWork, actor: Actor, operation: CheckAvailability) -> Availability:
    """What nobody may have isn't available either, and says why."""
    given = given_with(work.limits, work.settings, operation)
    found = identifiers.owners(work, given)
    return Availability(**{field: owner is None for field, owner in found.items()})


def given_with(
    limits: Limits, settings: Settings, operation: Register | CheckAvailability | UpgradeGuest
) -> Identifiers:
    """What an operation names somebody by. Raises :class:`Invalid` where that is nothing."""
    given = identifiers.read(limits, settings, operation.username, operation.email, operation.phone)
    if not given:
        words = "give a username, an e-mail address or a phone number"
        raise Invalid.field("username", words)
    return given


def register(
    work: AccountsWork, operation: Register, password_hash: str, new: NewSession
) -> Authenticated:
    """Raises :class:`Conflict` for what is taken."""
    id = UserId(new_id(work.now))
    given = given_with(work.limits, work.settings, operation)
    record = users.new(work, id, given, operation.display_name)
    work.unit.users.set_credential(record.id, password_hash, work.now)
    return opened(work, record, new)


def candidate(work: AccountsWork, login: str) -> tuple[UserRecord | None, str | None]:
    """Who a login name may mean, and the hash to compare with."""
    record = identifiers.owner(work, login)
    return record, None if record is None else work.unit.users.credential(record.id)


def login(
    work: AccountsWork, user_id: UserId, verified: str, rehashed: str | None, new: NewSession
) -> Authenticated:
    """Open a session for a password that was verified against ``verified``.

    Raises :class:`Unauthenticated` where the user or the password has changed meanwhile.
    """
    record = work.unit.users.get([user_id]).get(user_id)
    if record is None or work.unit.users.credential(user_id) != verified:
        raise Unauthenticated("Wrong name or password")
    if rehashed is not None:
        work.unit.users.set_credential(user_id, rehashed, work.now)
    return opened(work, record, new)


def update(
    work: AccountsWork, actor: Actor, operation: UpdateAccount, verified: str | None
) -> tuple[User, bool]:
    """The profile, and whether it changed. ``verified`` is the hash that ``current`` fitted.

    Raises :class:`Conflict` for what is taken and :class:`Invalid` where nothing would be left
    to sign in with.
    """
    record = users.find(work, actor)
    before = evolve(record)
    given = new_identifiers(work.limits, work.settings, operation)
    if names_somebody(operation):
        if record.kind != "person":
            raise Forbidden("Guests and bots have nothing to sign in with")
        if work.unit.users.credential(actor.id) != verified:
            raise Conflict("The password was changed meanwhile")
        identifiers.require_free(work, given, record.id)
        given.put(record)
        if record.username is None and record.email is None and record.phone is None:
            words = "a username, an e-mail address or a phone number has to stay"
            raise Invalid(words, errors=[Problem(name, words) for name in _cleared(operation)])
    for name in ("information", "location"):
        value = getattr(operation, name)
        if value is not UNSET:
            setattr(record, name, value or None)
    changed = users.keep(work, record, before)
    if changed and names_somebody(operation):
        # A code on its way to an address that is no longer theirs must not let anybody in.
        work.unit.resets.forget(record.id)
    return users.own(record), changed


def new_identifiers(limits: Limits, settings: Settings, operation: UpdateAccount) -> Identifiers:
    """What somebody wants to sign in with from now on."""
    return identifiers.read(limits, settings, operation.username, operation.email, operation.phone)


def names_somebody(operation: UpdateAccount) -> bool:
    """Whether it is about what one signs in with."""
    return any(getattr(operation, name) is not UNSET for name in _NAMES)


def changes_nothing_but_settings(operation: UpdateAccount) -> bool:
    """Whether the accounts store has no part in it: a host's own users aren't there."""
    return evolve(operation, settings=UNSET) == UpdateAccount() != operation


def _cleared(operation: UpdateAccount) -> list[str]:
    return [name for name in _NAMES if getattr(operation, name) is None]


def open_session(
    work: AccountsWork, record: UserRecord, new: NewSession, lasting_s: float
) -> Session:
    """A session of so many seconds at most, stored."""
    session = SessionRecord(
        id=SessionId(new_id(work.now)),
        user_id=record.id,
        token_hash=new.token_hash,
        created_at=work.now,
        last_used_at=work.now,
        expires_at=work.now + int(lasting_s * 1_000),
        user_agent=new.user_agent,
        address=new.address,
        kind=None if record.kind == "person" else record.kind,
    )
    work.unit.sessions.insert(session)
    return face(work, session, session.id, token=new.token)


def opened(work: AccountsWork, record: UserRecord, new: NewSession) -> Authenticated:
    """A session of a user's own."""
    session = open_session(work, record, new, work.limits.session_absolute_s)
    return Authenticated(user=users.own(record), session=session)


def live_one(work: AccountsWork, user: UserId, id: SessionId) -> SessionRecord | None:
    """A session by its id, if it is this user's and isn't over."""
    session = work.unit.sessions.get(id)
    if session is None or session.user_id != user or end_of(work, session) <= work.now:
        return None
    return session


def kind_of(session: SessionRecord) -> UserKind:
    """Of the user whose session it is."""
    return session.kind or "person"  # type: ignore[return-value]


def live(work: AccountsWork, token_hash: str) -> SessionRecord | None:
    """The session of a token, if it isn't over."""
    session = work.unit.sessions.by_token(token_hash)
    if session is None or end_of(work, session) <= work.now:
        return None
    return session


def stale(session: SessionRecord, now: Milliseconds) -> bool:
    """Whether its last use should be noted."""
    return now - session.last_used_at >= _TOUCH_MS


def end_of(work: AccountsWork, session: SessionRecord) -> Milliseconds:
    """When it is over, unless it is used before."""
    if session.kind == "bot":
        return session.expires_at
    idle = session.last_used_at + int(work.limits.session_idle_s * 1_000)
    return min(idle, session.expires_at)


def resume(work: AccountsWork, actor: Actor, operation: Resume) -> Authenticated:
    """The session behind the actor. Raises :class:`Unauthenticated` where it is over."""
    record = users.find(work, actor)
    sessions = [one for one in _live(work, actor.id) if one.id == actor.session_id]
    if not sessions:
        raise Unauthenticated
    return Authenticated(user=users.own(record), session=face(work, sessions[0], actor.session_id))


def list_sessions(work: AccountsWork, actor: Actor, operation: ListSessions) -> Page[Session]:
    """The live ones, most recently used first."""
    rows = _live(work, actor.id)
    return Page(items=tuple(face(work, one, actor.session_id) for one in rows))


def _live(work: AccountsWork, user: UserId) -> list[SessionRecord]:
    return [one for one in work.unit.sessions.of(user) if end_of(work, one) > work.now]


def face(
    work: AccountsWork,
    session: SessionRecord,
    current: SessionId | None,
    token: str | None = None,
) -> Session:
    """A session as its user sees it."""
    return Session(
        id=session.id,
        token=token,
        created_at=to_datetime(session.created_at),
        last_used_at=to_datetime(session.last_used_at),
        expires_at=to_datetime(end_of(work, session)),
        user_agent=session.user_agent,
        address=session.address,
        current=session.id == current,
    )


def revoke(work: AccountsWork, user: UserId, session_id: SessionId) -> list[SessionId]:
    """End one session. Raises :class:`NotFound` for another's."""
    if session_id not in {one.id for one in work.unit.sessions.of(user)}:
        raise NotFound
    work.unit.sessions.delete([session_id])
    return [session_id]


def change_password(
    work: AccountsWork, actor: Actor, verified: str, password_hash: str
) -> list[SessionId]:
    """Store a new hash, and end every other session; which these were."""
    if work.unit.users.credential(actor.id) != verified:
        raise Conflict("The password was changed meanwhile")
    work.unit.resets.forget(actor.id)
    work.unit.users.set_credential(actor.id, password_hash, work.now)
    others = [one.id for one in work.unit.sessions.of(actor.id) if one.id != actor.session_id]
    if others:
        work.unit.sessions.delete(others)
    return others


def began(work: AccountsWork, actor: Actor) -> Milliseconds | None:
    """When the actor's session was opened; None where it is over."""
    found = [one for one in work.unit.sessions.of(actor.id) if one.id == actor.session_id]
    return found[0].created_at if found else None


def close(
    work: AccountsWork, user: UserId, depth: ErasureDepth
) -> tuple[dict[str, int], dict[UserId, list[SessionId]]]:
    """End sessions and sign-in, and blank the profile unless it is only deactivated.

    How many of what were touched, and whose sessions ended. An account that the host keeps has
    nothing here.
    """
    # Their bots have nobody left who could take a token back.
    ending = [user, *_bots(work, user)]
    found = {each: [one.id for one in work.unit.sessions.of(each)] for each in ending}
    ended = {each: ids for each, ids in found.items() if ids}
    for ids in ended.values():
        work.unit.sessions.delete(ids)
    if work.unit.resets.of(user):
        work.unit.resets.forget(user)
    touched = {"sessions": sum(map(len, ended.values())), "profiles": 0}
    record = work.unit.users.known([user]).get(user)
    if record is None or (not record.active and depth == "deactivate"):
        return touched, ended
    record.active = False
    if depth != "deactivate" and record.deleted_at is None:
        touched["profiles"] = 1
        record = UserRecord(
            id=user,
            username=None,
            username_key=None,
            display_name=work.settings.deleted_name,
            kind=record.kind,
            version=record.version + 1,
            created_at=record.created_at,
            active=False,
            deleted_at=work.now,
        )
        work.unit.users.drop_credential(user)
    work.unit.users.save(record)
    return touched, ended


def _bots(work: AccountsWork, owner: UserId) -> list[UserId]:
    """All of them: there may be more than may be made now."""
    found: list[UserId] = []
    while page := work.unit.users.bots(owner, found[-1] if found else UserId(""), _PAGE):
        found += [bot.id for bot in page]
    return found
