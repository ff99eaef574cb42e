"""Profiles and the directory of people."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from attrs import evolve

from chatcore.errors import Forbidden, Invalid, NotFound, Unauthenticated
from chatcore.ids import UserId, to_datetime
from chatcore.models import Actor, Page, User
from chatcore.operations import (
    UNSET,
    GetUser,
    ImportUser,
    ListUsers,
    SearchUsers,
    UpdateMe,
)
from chatcore.ports.accounts import UserRecord
from chatcore.rules.text import search_prefix
from chatcore.services import identifiers, paging
from chatcore.services.identifiers import Identifiers
from chatcore.services.work import AccountsWork

_HASH = re.compile(r"\$(argon2id?|2[aby])\$")


def card(record: UserRecord) -> User:
    """The shared face."""
    return User(
        id=record.id,
        username=record.username,
        display_name=record.display_name,
        avatar_url=record.avatar_url,
        bio=record.bio,
        kind=record.kind,  # type: ignore[arg-type]
        version=record.version,
        created_at=to_datetime(record.created_at),
        custom=record.custom,
        deleted=None if record.deleted_at is None else True,
    )


def own(record: UserRecord) -> User:
    """What a user sees of themselves."""
    return evolve(
        card(record),
        email=record.email,
        phone=record.phone,
        information=record.information,
        location=record.location,
    )


def new(
    work: AccountsWork,
    id: UserId,
    given: Identifiers,
    display_name: str | None,
    kind: str = "person",
    owner: UserId | None = None,
) -> UserRecord:
    """A new user's row, stored. Raises :class:`Conflict` for what is taken.

    Without a display name or a username the name shown tells nothing of the person: neither the
    e-mail address nor the number is for others to see.
    """
    identifiers.require_free(work, given, id)
    record = UserRecord(
        id=id,
        username=None,
        username_key=None,
        display_name=display_name or "",
        kind=kind,
        owner_id=owner,
        created_at=work.now,
    )
    given.put(record)
    record.display_name = display_name or record.username or f"User {id[-4:]}"
    work.unit.users.insert(record)
    return record


def take_over(work: AccountsWork, actor: Actor, operation: ImportUser) -> User:
    """The user behind a key from elsewhere, made the first time.

    Their id follows from the key, so nobody else can ever be taken for them.
    """
    id = UserId(hashlib.sha256(f"users.import {operation.key}".encode()).hexdigest()[:32])
    earlier = work.unit.users.get([id]).get(id)
    if earlier is not None:
        return card(earlier)
    hashed = operation.password_hash
    if hashed is not None and not _HASH.match(hashed):
        raise Invalid.field("password_hash", "neither Argon2 nor bcrypt")
    given = identifiers.read(
        work.limits, work.settings, operation.username, operation.email, operation.phone
    )
    record = new(work, id, given, operation.display_name, operation.kind)
    if hashed is not None:
        work.unit.users.set_credential(id, hashed, work.now)
    return card(record)


def find(work: AccountsWork, actor: Actor) -> UserRecord:
    """The actor's own row. Raises :class:`Unauthenticated` where it is gone."""
    record = work.unit.users.get([actor.id]).get(actor.id)
    if record is None:
        raise Unauthenticated
    return record


def update(work: AccountsWork, actor: Actor, operation: UpdateMe) -> tuple[User, bool]:
    """The profile, and whether it changed; what follows of that on its stream is the flow's."""
    record = find(work, actor)
    before = evolve(record)
    for name in ("display_name", "avatar_url", "bio", "custom"):
        value = getattr(operation, name)
        if value is not UNSET:
            setattr(record, name, value)
    changed = keep(work, record, before)
    return own(record), changed


def keep(work: AccountsWork, record: UserRecord, before: UserRecord) -> bool:
    """Save a row where it differs from what it was, under a new version; whether it did."""
    changed = record != before
    if changed:
        record.version += 1
        work.unit.users.save(record)
    return changed


def get(work: AccountsWork, actor: Actor, operation: GetUser) -> User:
    """A public card, or what is left of one. Raises :class:`NotFound` for an unknown user."""
    record = work.unit.users.known([operation.user_id]).get(operation.user_id)
    if record is None:
        raise NotFound
    return card(record)


def search(work: AccountsWork, actor: Actor, operation: SearchUsers) -> Page[User]:
    """By canonical or display name, from its beginning; nothing for what folds to nothing."""
    prefix = search_prefix(operation.q)
    return _page(work, operation, "users.search", prefix) if prefix else Page(items=())


def list_all(work: AccountsWork, actor: Actor, operation: ListUsers) -> Page[User]:
    """Everybody, by canonical name. Raises :class:`Forbidden` where the host says so."""
    if not work.settings.list_users:
        raise Forbidden
    return _page(work, operation, "users.list", "")


def _page(work: AccountsWork, operation: Any, kind: str, prefix: str) -> Page[User]:
    most = paging.size(work.limits, operation.limit)
    after = paging.after_text(kind, operation.cursor)
    rows = work.unit.users.page(prefix, after, most + 1)
    shown = tuple(map(card, rows[:most]))
    fitting = paging.fit(shown, work.limits)
    page, next = paging.cut(kind, rows, fitting, lambda row: (row.list_key,))
    return Page(items=shown[: len(page)], next=next)


def cards(work: AccountsWork, ids: Iterable[Any]) -> dict[Any, User]:
    """The shared faces of those who exist, or once did."""
    return {id: card(record) for id, record in work.unit.users.known(list(ids)).items()}
