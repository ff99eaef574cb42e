"""Invitations: who joins by a link, how often, for how long; and what a lost database tells."""

from datetime import timedelta
from typing import Any

import pytest

from chatcore.config import Limits, Settings
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Invalid, NotFound
from chatcore.ids import InviteCode, InviteId, to_datetime
from chatcore.models import Actor, Conversation, Invite
from chatcore.operations import (
    AddMembers,
    BanMember,
    CreateInvite,
    DeleteConversation,
    Leave,
    ListAudit,
    ListInvites,
    ListMessages,
    NewSettings,
    RedeemInvite,
    RemoveMember,
    RevokeInvite,
    TransferOwnership,
    UpdateConversation,
    UpdateMember,
)
from chatcore.testing.clock import FakeClock
from tests.people import People, RecordingBroker, dump

pytestmark = pytest.mark.anyio

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def limits() -> Limits:
    """Few links, that all can be made."""
    return Limits(invites=3, group_members=4)


async def invite(engine: ChatEngine, by: Actor, to: Conversation, **fields: Any) -> Invite:
    """A link."""
    return await engine.execute(by, CreateInvite(to.id, **fields))


async def redeem(engine: ChatEngine, who: Actor, link: Invite) -> Conversation:
    """Follow a link."""
    assert link.code is not None
    return await engine.execute(who, RedeemInvite(InviteCode(link.code)))


async def links(engine: ChatEngine, by: Actor, group: Conversation) -> dict[InviteId, Invite]:
    """The links that work."""
    return {one.id: one for one in (await engine.execute(by, ListInvites(group.id))).items}


async def test_a_link_lets_in(engine: ChatEngine, people: People, broker: RecordingBroker) -> None:
    """As if added, by oneself; the link counts it."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    link = await invite(engine, ann, group)
    broker.take()
    joined = await redeem(engine, ben, link)
    assert (joined.id, joined.me and joined.me.role, joined.member_count) == (group.id, "member", 2)
    assert broker.take_names() == ["member.joined", "membership.changed", "conversation.updated"]
    found = await links(engine, ann, group)
    assert [one.uses for one in found.values()] == [1]


async def test_making_a_link_is_announced_to_nobody(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Admins list them."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    broker.take()
    link = await invite(engine, ann, group, role="admin", max_uses=2, expires_in=60)
    assert broker.take() == []
    assert (link.role, link.max_uses, link.uses, link.created_by) == ("admin", 2, 0, ann.id)
    assert link.expires_at == link.created_at + timedelta(seconds=60)
    page = await engine.execute(ann, ListInvites(group.id))
    assert [user.id for user in page.users or ()] == [ann.id]


async def test_members_use_nothing_up(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """A repeat answers the same, even once the link is used up; the role stays, too."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann)
    link = await invite(engine, ann, group, max_uses=1)
    first = await redeem(engine, ben, link)
    broker.take()
    assert await redeem(engine, ben, link) == first
    assert broker.take() == []
    with pytest.raises(NotFound):
        await redeem(engine, cid, link)
    better = await invite(engine, ann, group, role="admin")
    assert (await redeem(engine, ben, better)).me == first.me
    assert (await links(engine, ann, group))[better.id].uses == 0


async def test_a_link_ends(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """At its time, not before; then it isn't listed and can't be revoked."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann)
    at = to_datetime(clock.now()) + timedelta(seconds=10)
    for link in (
        await invite(engine, ann, group, expires_in=10),
        await invite(engine, ann, group, expires_at=at),
    ):
        assert link.expires_at is not None
    clock.advance(9.999)
    await redeem(engine, ben, link)
    assert len(await links(engine, ann, group)) == 2
    clock.advance(0.001)
    with pytest.raises(NotFound):
        await redeem(engine, cid, link)
    assert await links(engine, ann, group) == {}
    with pytest.raises(NotFound):
        await engine.execute(ann, RevokeInvite(group.id, link.id))


async def test_when_a_link_may_end(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """In the future, within a year, said once."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    now = to_datetime(clock.now())
    year = timedelta(seconds=engine.limits.invite_s)
    millisecond = timedelta(milliseconds=1)
    for fields in (
        {"expires_at": now},
        {"expires_at": now + year + millisecond},
        {"expires_at": now + year, "expires_in": 60},
    ):
        with pytest.raises(Invalid) as caught:
            await invite(engine, ann, group, **fields)
        assert [problem.path for problem in caught.value.errors] == ["expires_at"]
    for moment in (now + millisecond, now + year):
        assert (await invite(engine, ann, group, expires_at=moment)).expires_at == moment


async def test_no_answer_tells_why(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """Unknown, misspelt, revoked, expired, used up, of a group that is gone, or banned: all one."""
    ann, ben, cid, dan = await people("ann", "ben", "cid", "dan")
    group, ended = await people.group(ann), await people.group(ann)
    revoked = await invite(engine, ann, group)
    await engine.execute(ann, RevokeInvite(group.id, revoked.id))
    used = await invite(engine, ann, group, max_uses=1)
    await redeem(engine, cid, used)
    gone = await invite(engine, ann, ended)
    await engine.execute(ann, DeleteConversation(ended.id))
    expired = await invite(engine, ann, group, expires_in=1)
    clock.advance(1)
    await engine.execute(ann, BanMember(group.id, dan.id))
    good = await invite(engine, ann, group)
    asked = [(ben, str(one.code)) for one in (revoked, used, gone, expired)]
    asked += [(ben, "x" * 26), (ben, ""), (ben, "x" * 500), (ben, "a\0"), (dan, str(good.code))]
    answers = set()
    for who, code in asked:
        with pytest.raises(NotFound) as caught:
            await engine.execute(who, RedeemInvite(InviteCode(code)))
        answers.add(str(caught.value))
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("history", "share", "seen"),
    [
        ("joined", False, ["after"]),
        ("joined", True, ["before", "after"]),
        ("shared", False, ["before", "after"]),
    ],
)
async def test_what_who_is_invited_sees(
    engine: ChatEngine, people: People, history: Any, share: bool, seen: list[str]
) -> None:
    """As the group has it when they come, or everything where the link shares it."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    link = await invite(engine, ann, group, share_history=share)
    await people.say(ann, group, "before")
    await engine.execute(ann, UpdateConversation(group.id, settings=NewSettings(history=history)))
    await redeem(engine, ben, link)
    await people.say(ann, group, "after")
    page = await engine.execute(ben, ListMessages(group.id))
    assert [one.body for one in page.items] == seen


@pytest.mark.parametrize("how", ["left", "removed", "banned", "demoted"])
async def test_a_link_goes_with_its_creators_right(
    engine: ChatEngine, people: People, how: str
) -> None:
    """Whoever loses it can't come back by a link made before, nor can anybody else."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben)
    await engine.execute(ann, UpdateMember(group.id, ben.id, "admin"))
    link = await invite(engine, ben, group, role="admin")
    other = await invite(engine, ann, group)
    if how == "left":
        await engine.execute(ben, Leave(group.id))
    elif how == "removed":
        await engine.execute(ann, RemoveMember(group.id, ben.id))
    elif how == "banned":
        await engine.execute(ann, BanMember(group.id, ben.id))
    else:
        await engine.execute(ann, UpdateMember(group.id, ben.id, "member"))
    assert set(await links(engine, ann, group)) == {other.id}
    for who in (cid, ben)[: 1 if how == "demoted" else 2]:
        with pytest.raises(NotFound):
            await redeem(engine, who, link)


async def test_a_former_owner_gives_no_ownership(engine: ChatEngine, people: People) -> None:
    """What an admin may give stays, what only an owner may goes."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    made = {role: await invite(engine, ann, group, role=role) for role in ("owner", "admin")}
    await engine.execute(ann, TransferOwnership(group.id, ben.id))
    assert set(await links(engine, ben, group)) == {made["admin"].id}


async def test_links_are_few(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """Those that work no more don't count."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    first = await invite(engine, ann, group, expires_in=10)
    for _ in range(2):
        await invite(engine, ann, group)
    with pytest.raises(Conflict):
        await invite(engine, ann, group)
    clock.advance(10)
    last = await invite(engine, ann, group, max_uses=1)
    with pytest.raises(Conflict):
        await invite(engine, ann, group)
    await redeem(engine, ben, last)
    assert first.id not in await links(engine, ann, group)
    await invite(engine, ann, group)


async def test_a_full_group_takes_nobody(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """And the link isn't used."""
    ann, *others, eve = await people("ann", "ben", "cid", "dan", "eve")
    group = await people.group(ann)
    link = await invite(engine, ann, group)
    await engine.execute(ann, AddMembers(group.id, tuple(one.id for one in others)))
    broker.take()
    with pytest.raises(Conflict):
        await redeem(engine, eve, link)
    assert broker.take() == []
    assert (await links(engine, ann, group))[link.id].uses == 0


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_of_links(
    engine: ChatEngine, people: People, clock: FakeClock, size: int
) -> None:
    """Every working one once, the oldest first; the cursor is of this group alone."""
    (ann,) = await people("ann")
    group, other = await people.group(ann), await people.group(ann)
    made = []
    for _ in range(3):
        clock.advance(0.001)
        made.append((await invite(engine, ann, group)).id)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await engine.execute(ann, ListInvites(group.id, cursor=cursor, limit=size))
        found += [one.id for one in page.items]
        if page.next is None:
            break
        cursor = str(page.next)
        with pytest.raises(Invalid):
            await engine.execute(ann, ListInvites(other.id, cursor=cursor))
    assert found == made


async def test_the_database_holds_no_code(
    engine: ChatEngine, people: People, database: str
) -> None:
    """Without a secret a code is told once, and can't be told again."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    codes = {str((await invite(engine, ann, group)).code) for _ in range(3)}
    assert len(codes) == 3
    assert {len(code) for code in codes} == {26}
    assert not any(code in repr(dump(database)) for code in codes)
    assert {one.code for one in (await links(engine, ann, group)).values()} == {None}


async def test_the_audit_log_knows_of_links(engine: ChatEngine, people: People) -> None:
    """Who made and who revoked one; of a code it says nothing, and of following it neither."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    link = await invite(engine, ann, group, role="admin", max_uses=2)
    await redeem(engine, ben, link)
    await engine.execute(ann, RevokeInvite(group.id, link.id))
    page = await engine.execute(Actor(None, operator=True), ListAudit())
    found = {one.method: one for one in page.items}
    assert found.keys() == {"invites.create", "invites.revoke"}
    assert found["invites.create"].details == {
        "role": "admin",
        "share_history": False,
        "max_uses": 2,
    }
    assert found["invites.revoke"].object_id == link.id
    assert str(link.code) not in repr(page)


class TestWithASecret:
    """The host keeps a secret beside the database."""

    @pytest.fixture
    def host_settings(self) -> Settings:
        """The engine's settings."""
        return Settings(secret=SECRET)

    async def test_codes_are_shown_again(
        self, engine: ChatEngine, people: People, database: str
    ) -> None:
        """They follow from it, each from its own link; and are in no database."""
        ann, ben = await people("ann", "ben")
        group = await people.group(ann)
        made = [await invite(engine, ann, group) for _ in range(3)]
        assert len({one.code for one in made}) == 3
        assert await links(engine, ann, group) == {one.id: one for one in made}
        assert not any(str(one.code) in repr(dump(database)) for one in made)
        await redeem(engine, ben, made[1])

    async def test_another_secret_tells_nothing(
        self, engine: ChatEngine, people: People, database: str
    ) -> None:
        """Links made before go on working; they just can't be shown any more."""
        ann, ben = await people("ann", "ben")
        group = await people.group(ann)
        link = await invite(engine, ann, group)
        async with ChatEngine(
            database, settings=Settings(secret=SECRET[::-1]), limits=engine.limits
        ) as later:
            assert [one.code for one in (await links(later, ann, group)).values()] == [None]
            await redeem(later, ben, link)


@pytest.mark.parametrize("secret", ["", "x" * 31])
def test_a_secret_is_long(secret: str) -> None:
    """And isn't shown with the settings."""
    with pytest.raises(ValueError, match="secret"):
        Settings(secret=secret)
    assert SECRET not in repr(Settings(secret=SECRET))
