"""Blocks: refusing direct messages, and hiding presence and typing both ways."""

from __future__ import annotations

from chatcore.errors import Invalid, NotFound
from chatcore.events import BlockChanged
from chatcore.ids import to_datetime
from chatcore.models import Actor, Block, Page
from chatcore.operations import AddBlock, ListBlocks, RemoveBlock
from chatcore.ports.actors import BlockRecord
from chatcore.rules.privacy import Tie
from chatcore.services import contacts, paging, presence
from chatcore.services.access import active
from chatcore.services.work import ChatWork


def list_all(work: ChatWork, actor: Actor, operation: ListBlocks) -> Page[Block]:
    """Whom the actor blocks, by their id."""
    user = active(work, actor)
    most = paging.size(work.limits, operation.limit)
    after = paging.after_text("blocks", operation.cursor)
    rows = work.unit.blocks.page(user, after, most + 1)
    page, next = paging.cut("blocks", rows, most, lambda row: (row.other_id,))
    return Page(items=tuple(map(face, page)), next=next)


def add(work: ChatWork, actor: Actor, operation: AddBlock) -> Block:
    """Raises :class:`NotFound` for an unknown user."""
    user, other = active(work, actor), operation.user_id
    if other == user:
        raise Invalid.field("user_id", "not yourself")
    if other not in work.known:
        raise NotFound
    work.unit.actors.lock([user, other])
    record = work.unit.blocks.get(user, other)
    if record is None:
        record = BlockRecord(
            user_id=user, other_id=other, created_at=work.now, active=False, me_rev=0
        )
    return face(record) if record.active else _set(work, record, True)


def remove(work: ChatWork, actor: Actor, operation: RemoveBlock) -> Block:
    """Raises :class:`NotFound` where there is no block."""
    user, other = active(work, actor), operation.user_id
    # Rows stay: where there is none, nobody has to be locked.
    if work.unit.blocks.get(user, other) is None:
        raise NotFound
    work.unit.actors.lock([user, other])
    record = work.unit.blocks.get(user, other)
    if record is None or not record.active:
        raise NotFound
    return _set(work, record, False)


def _set(work: ChatWork, record: BlockRecord, active: bool) -> Block:
    accounts = work.unit.actors.lock([record.user_id, record.other_id])
    account = accounts[record.user_id]
    account.rev += 1
    for party in accounts.values():
        party.has_blocks = True
    record.active, record.me_rev = active, account.rev
    if active:
        record.created_at = work.now
    work.unit.blocks.save(record)
    work.note(account, BlockChanged(face(record)))
    if active:
        contacts.withdraw(work, record.user_id, record.other_id)
    other_way = (record.other_id, record.user_id)
    if not work.unit.blocks.among([other_way]):
        contact = record.other_id in work.unit.contacts.of(record.user_id)
        ties = [Tie(blocked=one, contact=contact) for one in (not active, active)]
        presence.reconsider_pair(work, record.user_id, record.other_id, *ties)
    return face(record)


def face(record: BlockRecord) -> Block:
    """A block as the one who set it sees it."""
    return Block(
        user_id=record.other_id,
        blocked=record.active,
        created_at=to_datetime(record.created_at),
    )
