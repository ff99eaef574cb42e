"""The audit log: administrative acts, each in the transaction that did it, and no text in it."""

from typing import Any

import pytest
from attrs import evolve

from chatcore import policy
from chatcore.config import Settings
from chatcore.engine import ChatEngine
from chatcore.errors import ChatError
from chatcore.flows import audit as flow
from chatcore.ids import SessionId
from chatcore.models import Actor, AuditEntry
from chatcore.operations import (
    ChangePassword,
    CreateReport,
    DeleteMessage,
    ListAudit,
    NewSettings,
    RemoveMember,
    ResolveReport,
    RevokeSession,
    UpdateConversation,
    UpdateMember,
    specs,
)
from chatcore.testing.clock import FakeClock
from tests.people import PASSWORD, People

pytestmark = pytest.mark.anyio

OPERATOR = Actor(None, operator=True)


async def log(engine: ChatEngine, **fields: Any) -> list[AuditEntry]:
    """What the log says, the earliest first."""
    return list((await engine.execute(OPERATOR, ListAudit(**fields))).items)[::-1]


async def test_it_says_who_did_what_to_whom(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Roles, settings, deletions by moderators, removals, and what operators resolve."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben, cem)
    (said,) = await people.say(ben, group, "buy my watches")
    report = await engine.execute(cem, CreateReport(message_id=said.id, reason="spam"))
    asked = [
        UpdateMember(group.id, cem.id, "admin"),
        UpdateConversation(group.id, title="Secret", settings=NewSettings(frozen=False)),
        DeleteMessage(group.id, said.id, reason="Secret"),
        RemoveMember(group.id, ben.id),
    ]
    for one in asked:
        clock.advance(1)
        await engine.execute(ann, one)  # type: ignore[arg-type]
    clock.advance(1)
    await engine.execute(OPERATOR, ResolveReport(report.id, "warned", "Secret"))
    found = await log(engine)
    assert [(one.method, one.actor_id, one.user_id) for one in found] == [
        ("members.update", ann.id, cem.id),
        ("conversations.update", ann.id, None),
        ("messages.delete", ann.id, None),
        ("members.remove", ann.id, ben.id),
        ("reports.resolve", None, None),
    ]
    assert [one.conversation_id for one in found] == [group.id] * 4 + [None]
    assert [one.operator for one in found] == [False] * 4 + [True]
    assert [one.object_id for one in found] == [None, None, said.id, None, report.id]
    assert [one.details for one in found] == [
        {"role": "admin"},
        {"title_given": True, "settings.frozen": False},
        {"for_": "everyone", "reason_given": True},
        None,
        {"action": "warned", "note_given": True},
    ]


async def test_it_holds_no_text(engine: ChatEngine, people: People) -> None:
    """Passwords, titles and reasons aren't in it, whatever the operation."""
    (ann,) = await people("ann")
    await engine.execute(ann, ChangePassword(PASSWORD, "another battery"))
    (one,) = await log(engine)
    assert (one.method, one.actor_id) == ("accounts.change_password", ann.id)
    assert one.details == {"current_given": True, "new_given": True}


async def test_what_is_no_act_is_not_in_it(engine: ChatEngine, people: People) -> None:
    """One's own deletions, what changed nothing, and what was refused."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    said, other = await people.say(ben, group, "hm", "oops")
    await engine.execute(ben, DeleteMessage(group.id, said.id))
    await engine.execute(ann, DeleteMessage(group.id, said.id))
    await engine.execute(ann, DeleteMessage(group.id, other.id, "me"))
    await engine.execute(ann, UpdateMember(group.id, ben.id, "member"))
    await engine.execute(ann, UpdateConversation(group.id, title="group"))
    for refused in (RemoveMember(group.id, ann.id), UpdateMember(group.id, ann.id, "member")):
        with pytest.raises(ChatError):
            await engine.execute(ben, refused)  # type: ignore[arg-type]
    with pytest.raises(ChatError):
        await engine.execute(ann, RevokeSession(SessionId("none")))
    assert await log(engine) == []


async def test_both_stores_are_one_list(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Pages of any size join to the whole, by time, with the cards of those it names."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    for number in range(3):
        clock.advance(1)
        await engine.execute(ann, UpdateConversation(group.id, title=f"title {number}"))
        clock.advance(1)
        password = PASSWORD if number % 2 else "another battery"
        await engine.execute(
            ann, ChangePassword("another battery" if number % 2 else PASSWORD, password)
        )
    whole = await engine.execute(OPERATOR, ListAudit())
    methods = [one.method for one in whole.items]
    assert methods == ["accounts.change_password", "conversations.update"] * 3
    assert [user.id for user in whole.users or ()] == [ann.id]
    found: list[AuditEntry] = []
    cursor = None
    while True:
        page = await engine.execute(OPERATOR, ListAudit(limit=2, cursor=cursor))
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert found == list(whole.items)


async def test_it_is_filtered(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """By who, to whom, where, what and when."""
    ann, ben, cem = await people("ann", "ben", "cem")
    one, other = await people.group(ann, ben), await people.group(cem, ben)
    await engine.execute(ann, UpdateMember(one.id, ben.id, "admin"))
    clock.advance(60)
    await engine.execute(cem, RemoveMember(other.id, ben.id))
    (first, second) = await log(engine)
    assert await log(engine, actor_id=ann.id) == [first]
    assert await log(engine, user_id=ben.id) == [first, second]
    assert await log(engine, conversation_id=other.id) == [second]
    assert await log(engine, method="members.update") == [first]
    assert await log(engine, since=second.at) == [second]
    assert await log(engine, until=first.at) == [first]
    assert await log(engine, actor_id=cem.id, method="members.update") == []


async def test_it_is_kept_for_a_while(
    engine: ChatEngine, people: People, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the setting acts and resolved reports go; open reports stay."""
    ann, ben, cem = await people("ann", "ben", "cem")
    first = await engine.execute(ann, CreateReport(user_id=ben.id, reason="spam"))
    await engine.execute(ann, CreateReport(user_id=cem.id, reason="spam"))
    await engine.execute(OPERATOR, ResolveReport(first.id, "dismissed"))
    await engine.execute(ann, ChangePassword(PASSWORD, "another battery"))
    clock.advance(Settings().report_days * 86_400 + 1)
    assert len(await log(engine)) == 2
    assert not await flow.prune(engine)
    assert len(await log(engine)) == 2
    left = await engine.chat_read(lambda work: work.unit.reports.page(None, "", 9))
    assert [one.user_id for one in left] == [cem.id]
    clock.advance((Settings().audit_days - Settings().report_days) * 86_400)
    monkeypatch.setattr(flow, "_STEP", 1)
    assert await flow.prune(engine)
    assert not await flow.prune(engine)
    assert await log(engine) == []


def test_what_operators_change_is_in_it() -> None:
    """Every operation that only operators may ask for and that writes, imports apart."""
    imports = {"messages.import", "users.import"}
    operators = {
        spec.method for spec in specs() if policy.TABLE[spec.cls].who == "operator" and spec.writes
    } - imports
    audited = {spec.method for spec in specs() if spec.audit is not None}
    assert operators <= audited
    named = ("members.remove", "members.update", "conversations.delete", "sessions.revoke")
    assert set(named) <= audited


async def test_an_operator_by_name_is_marked(engine: ChatEngine, people: People) -> None:
    """The log tells an operator's act from anybody else's."""
    ann, ben = await people("ann", "ben")
    report = await engine.execute(ann, CreateReport(user_id=ben.id, reason="spam"))
    await engine.execute(evolve(ben, operator=True), ResolveReport(report.id, "dismissed"))
    (one,) = await log(engine)
    assert (one.actor_id, one.operator) == (ben.id, True)
