"""Groups under two engines at once: roles, bans, links and open doors have one legal outcome."""

from typing import Any

import pytest

from chatcore.config import Limits
from chatcore.errors import ChatError
from chatcore.ids import ConversationId, InviteCode
from chatcore.models import Actor, Conversation, Invite, Message
from chatcore.operations import (
    AddMembers,
    BanMember,
    CreateConversation,
    CreateInvite,
    DeleteConversation,
    GetConversation,
    JoinConversation,
    Leave,
    ListInvites,
    NewSettings,
    RedeemInvite,
    RemoveMember,
    RevokeInvite,
    SendMessage,
    TransferOwnership,
    UpdateConversation,
    UpdateMember,
)
from tests.concurrency.racing import (
    ROUNDS,
    Engines,
    Stored,
    ask,
    codes,
    race,
    register,
    stored,
    tally,
)

REDEEMERS = 20


@pytest.fixture
def limits() -> Limits:
    """A thousand rounds leave many links in a group's past, and none of them is in the way."""
    return Limits(group_members=REDEEMERS + 2)


def group(engines: Engines, owner: Actor, *others: Actor, **settings: Any) -> Conversation:
    """A group of these."""
    operation = CreateConversation(
        kind="group",
        title="group",
        member_ids=tuple(one.id for one in others),
        settings=NewSettings(**settings),
    )
    return engines[0].execute(owner, operation)


def promote(engines: Engines, owner: Actor, where: Conversation, *others: Actor) -> None:
    """Make these admins."""
    for one in others:
        engines[0].execute(owner, UpdateMember(where.id, one.id, "admin"))


def link(engines: Engines, by: Actor, where: Conversation, **fields: Any) -> Invite:
    """An invitation."""
    return engines[0].execute(by, CreateInvite(where.id, **fields))


def redeem(one: Invite) -> RedeemInvite:
    """Following it."""
    return RedeemInvite(InviteCode(str(one.code)))


def uses(engines: Engines, by: Actor, where: Conversation) -> list[int]:
    """Of each link that works."""
    return [one.uses for one in engines[1].execute(by, ListInvites(where.id)).items]


def settled(engines: Engines, conversation: ConversationId) -> Stored:
    """How it stands, which both engines see alike."""
    one, other = (stored(engine, conversation) for engine in engines)
    assert one is not None
    assert one == other
    return one


@ROUNDS
def test_exactly_so_many_uses(engines: Engines, rounds: int) -> None:
    """Twenty redeem a link for five at once: five join, the rest is told what strangers are."""
    owner, *others = register(engines[0], "owner", *(f"user{n}" for n in range(REDEEMERS)))
    for _ in range(rounds):
        here = group(engines, owner)
        one = link(engines, owner, here, max_uses=5)
        outcomes = race(*(ask(engines[n % 2], who, redeem(one)) for n, who in enumerate(others)))
        assert tally(outcomes) == {"ok": 5, "not_found": REDEEMERS - 5}
        winners = {
            who.id for who, code in zip(others, codes(outcomes), strict=True) if code == "ok"
        }
        assert settled(engines, here.id).members.keys() == winners | {owner.id}
        engines[0].execute(owner, DeleteConversation(here.id))


@ROUNDS
def test_one_use_a_person(engines: Engines, rounds: int) -> None:
    """The same user, from four places at once, uses it once."""
    owner, ben = register(engines[0], "owner", "ben")
    for _ in range(rounds):
        here = group(engines, owner)
        one = link(engines, owner, here, max_uses=2)
        outcomes = race(*(ask(engine, ben, redeem(one)) for engine in engines * 2))
        assert tally(outcomes) == {"ok": 4}
        assert uses(engines, owner, here) == [1]
        assert settled(engines, here.id).members[ben.id].epoch == 1


@ROUNDS
def test_a_ban_beats_every_way_in(engines: Engines, rounds: int) -> None:
    """Whoever redeems, joins or is added while they are banned is out in the end."""
    owner, admin, ben = register(engines[0], "owner", "admin", "ben")
    for number in range(rounds):
        here = group(engines, owner, admin, public=True)
        promote(engines, owner, here, admin)
        one = link(engines, owner, here)
        who, way = (
            (ben, redeem(one)),
            (ben, JoinConversation(here.id)),
            (admin, AddMembers(here.id, (ben.id,))),
        )[number % 3]
        banned, entered = race(
            ask(engines[0], owner, BanMember(here.id, ben.id)), ask(engines[1], who, way)
        )
        assert codes([banned]) == ["ok"]
        assert codes([entered])[0] in ("ok", "conflict" if who is admin else "not_found")
        found = settled(engines, here.id)
        assert found.members.keys() == {owner.id, admin.id}
        assert found.banned == {ben.id}
        came = number % 3 == 0 and codes([entered]) == ["ok"]
        assert uses(engines, owner, here) == [int(came)]


@ROUNDS
def test_ownership_goes_to_one(engines: Engines, rounds: int) -> None:
    """Handed to two at once it reaches one of them; the other asker owns nothing any more."""
    ann, ben, cid = register(engines[0], "ann", "ben", "cid")
    for _ in range(rounds):
        here = group(engines, ann, ben, cid)
        outcomes = race(
            ask(engines[0], ann, TransferOwnership(here.id, ben.id)),
            ask(engines[1], ann, TransferOwnership(here.id, cid.id)),
        )
        assert tally(outcomes) == {"ok": 1, "forbidden": 1}
        heir, other = (ben, cid) if codes(outcomes)[0] == "ok" else (cid, ben)
        roles = settled(engines, here.id).roles
        assert roles == {ann.id: "admin", heir.id: "owner", other.id: "member"}


@ROUNDS
def test_handing_over_to_one_who_leaves(engines: Engines, rounds: int) -> None:
    """They were the owner for a moment, or weren't there any more: the old one owns it."""
    ann, ben = register(engines[0], "ann", "ben")
    for _ in range(rounds):
        here = group(engines, ann, ben)
        given, left = race(
            ask(engines[0], ann, TransferOwnership(here.id, ben.id)),
            ask(engines[1], ben, Leave(here.id)),
        )
        assert codes([left]) == ["ok"]
        assert codes([given])[0] in ("ok", "not_found")
        assert settled(engines, here.id).roles == {ann.id: "owner"}


@ROUNDS
def test_handing_over_while_leaving(engines: Engines, rounds: int) -> None:
    """An owner who does both at once leaves, and the heir they named owns the group or follows."""
    ann, ben, cid = register(engines[0], "ann", "ben", "cid")
    for _ in range(rounds):
        here = group(engines, ann, ben, cid)
        given, left = race(
            ask(engines[0], ann, TransferOwnership(here.id, cid.id)),
            ask(engines[1], ann, Leave(here.id)),
        )
        assert codes([left]) == ["ok"]
        roles = settled(engines, here.id).roles
        if codes([given]) == ["ok"]:
            assert roles == {ben.id: "member", cid.id: "owner"}
        else:
            assert codes([given]) == ["not_found"]
            assert sorted(roles.values()) == ["member", "owner"]


@ROUNDS
def test_a_right_ends_before_or_after(engines: Engines, rounds: int) -> None:
    """An admin who is demoted promotes somebody: before that they could, after it they couldn't."""
    ann, ben, cid = register(engines[0], "ann", "ben", "cid")
    for _ in range(rounds):
        here = group(engines, ann, ben, cid)
        promote(engines, ann, here, ben)
        demoted, promoted = race(
            ask(engines[0], ann, UpdateMember(here.id, ben.id, "member")),
            ask(engines[1], ben, UpdateMember(here.id, cid.id, "admin")),
        )
        assert codes([demoted]) == ["ok"]
        assert codes([promoted])[0] in ("ok", "forbidden")
        better = "admin" if codes([promoted]) == ["ok"] else "member"
        assert settled(engines, here.id).roles == {
            ann.id: "owner",
            ben.id: "member",
            cid.id: better,
        }


@ROUNDS
def test_two_owners_demote_each_other(engines: Engines, rounds: int) -> None:
    """One of them is quicker, and the other has nothing left to say."""
    ann, ben = register(engines[0], "ann", "ben")
    for _ in range(rounds):
        here = group(engines, ann, ben)
        engines[0].execute(ann, UpdateMember(here.id, ben.id, "owner"))
        outcomes = race(
            ask(engines[0], ann, UpdateMember(here.id, ben.id, "member")),
            ask(engines[1], ben, UpdateMember(here.id, ann.id, "member")),
        )
        assert tally(outcomes) == {"ok": 1, "forbidden": 1}
        assert sorted(settled(engines, here.id).roles.values()) == ["member", "owner"]


@ROUNDS
def test_a_link_ends_with_its_creators_right(engines: Engines, rounds: int) -> None:
    """Redeemed before it is taken back it let in, after it it is unknown; then it is gone."""
    ann, ben, cid = register(engines[0], "ann", "ben", "cid")
    for number in range(rounds):
        here = group(engines, ann, ben)
        promote(engines, ann, here, ben)
        one = link(engines, ben, here)
        end = (
            UpdateMember(here.id, ben.id, "member"),
            RemoveMember(here.id, ben.id),
            RevokeInvite(here.id, one.id),
        )[number % 3]
        ended, came = race(ask(engines[0], ann, end), ask(engines[1], cid, redeem(one)))
        assert codes([ended]) == ["ok"]
        assert codes([came])[0] in ("ok", "not_found")
        assert (cid.id in settled(engines, here.id).members) == (codes([came]) == ["ok"])
        assert uses(engines, ann, here) == []


@ROUNDS
def test_joining_what_is_closed(engines: Engines, rounds: int) -> None:
    """The door was still open, or there is no such group."""
    ann, ben = register(engines[0], "ann", "ben")
    for _ in range(rounds):
        here = group(engines, ann, public=True)
        closed, came = race(
            ask(engines[0], ann, UpdateConversation(here.id, settings=NewSettings(public=False))),
            ask(engines[1], ben, JoinConversation(here.id)),
        )
        assert codes([closed]) == ["ok"]
        assert codes([came])[0] in ("ok", "not_found")
        assert (ben.id in settled(engines, here.id).members) == (codes([came]) == ["ok"])


@ROUNDS
def test_joining_while_being_removed(engines: Engines, rounds: int) -> None:
    """Joining first changed nothing, and they are out; removed first, they are back anew."""
    ann, ben = register(engines[0], "ann", "ben")
    for _ in range(rounds):
        here = group(engines, ann, ben, public=True)
        outcomes = race(
            ask(engines[0], ann, RemoveMember(here.id, ben.id)),
            ask(engines[1], ben, JoinConversation(here.id)),
        )
        assert tally(outcomes) == {"ok": 2}
        back = settled(engines, here.id).members.get(ben.id)
        assert back is None or back.epoch == 2


@ROUNDS
def test_the_last_place(engines: Engines, rounds: int) -> None:
    """Two who come into a nearly full group by different doors: one of them is in."""
    owner, *others = register(engines[0], "owner", *(f"user{n}" for n in range(REDEEMERS + 2)))
    for _ in range(rounds):
        *inside, ben, cid = others
        here = group(engines, owner, *inside, public=True)
        one = link(engines, owner, here)
        outcomes = race(
            ask(engines[0], ben, redeem(one)), ask(engines[1], cid, JoinConversation(here.id))
        )
        assert tally(outcomes) == {"ok": 1, "conflict": 1}
        assert settled(engines, here.id).stream.member_count == REDEEMERS + 2
        assert uses(engines, owner, here) == [int(codes(outcomes)[0] == "ok")]


@ROUNDS
def test_one_message_in_slow_mode(engines: Engines, rounds: int) -> None:
    """From four places at once one is sent, and the rest is told to wait."""
    ann, ben = register(engines[0], "ann", "ben")
    for _ in range(rounds):
        here = group(engines, ann, ben, slow_mode_s=3_600)
        outcomes = race(
            *(ask(engine, ben, SendMessage(here.id, "hello")) for engine in engines * 2)
        )
        assert tally(outcomes) == {"ok": 1, "rate_limited": 3}
        assert settled(engines, here.id).stream.last_seq == 1


@ROUNDS
def test_the_last_to_leave_ends_the_group(engines: Engines, rounds: int) -> None:
    """Two who leave at once: the second one ends it, and nobody finds it any more."""
    ann, ben = register(engines[0], "ann", "ben")
    for _ in range(rounds):
        here = group(engines, ann, ben)
        assert tally(
            race(
                *(
                    ask(engine, who, Leave(here.id))
                    for engine, who in zip(engines, (ann, ben), strict=True)
                )
            )
        ) == {"ok": 2}
        assert [stored(engine, here.id) for engine in engines] == [None, None]
        with pytest.raises(ChatError):
            engines[0].execute(ann, GetConversation(here.id))


@ROUNDS
def test_one_direct_conversation(engines: Engines, rounds: int) -> None:
    """Both begin it, from both sides: one makes it, the others find it."""
    for number in range(rounds):
        ann, ben = register(engines[0], f"ann{number}", f"ben{number}")
        found = race(
            *(
                ask(engine, me, CreateConversation(kind="direct", user_id=you.id))
                for engine in engines
                for me, you in ((ann, ben), (ben, ann))
            )
        )
        assert len({one.id for one in found}) == 1
        assert [one.replayed for one in found].count(None) == 1


@ROUNDS
def test_freezing_stops_what_comes_after(engines: Engines, rounds: int) -> None:
    """A message sent while the group is frozen is before that, or isn't."""
    ann, ben = register(engines[0], "ann", "ben")
    for _ in range(rounds):
        here = group(engines, ann, ben)
        frozen, sent = race(
            ask(engines[0], ann, UpdateConversation(here.id, settings=NewSettings(frozen=True))),
            ask(engines[1], ben, SendMessage(here.id, "hello")),
        )
        assert codes([frozen]) == ["ok"]
        assert codes([sent])[0] in ("ok", "forbidden")
        if isinstance(sent, Message):
            assert sent.rev < frozen.rev
