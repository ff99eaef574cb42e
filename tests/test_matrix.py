"""Who may do what: every operation by every kind of caller, through the engine.

The table is written by hand, not read off the policy. ``yes`` is allowed, ``no`` is seen but
forbidden, ``404`` doesn't exist for the caller, ``401`` has to sign in.
"""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from attrs import evolve

from chatcore import codec, policy
from chatcore.config import Settings
from chatcore.engine import FLOWS, ChatEngine
from chatcore.errors import ChatError
from chatcore.ids import InviteCode, InviteId, UserId
from chatcore.models import Actor, Role
from chatcore.operations import Operation, PullFrom, spec_of, specs
from chatcore.operations.base import is_required
from chatcore.policy import Case, Verdict, judge
from chatcore.services import BULK, HANDLERS
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import KeepingMailer, PlainHasher
from chatcore.wire.problems import problem
from tests.people import PASSWORD, RecordingBroker, dump
from tests.world import ROLES, World, build, never_issued

TABLE: Final = """
#                                 anonymous member admin owner outsider former blocked
accounts.change_password                401    yes   yes   yes      yes    yes     yes
accounts.check                          yes    yes   yes   yes      yes    yes     yes
accounts.delete                         401    yes   yes   yes      yes    yes     yes
accounts.delete/another's               401     no    no    no       no     no      no
accounts.guest                          yes    yes   yes   yes      yes    yes     yes
accounts.export                         401    yes   yes   yes      yes    yes     yes
accounts.export/another's               401     no    no    no       no     no      no
accounts.login                          yes    yes   yes   yes      yes    yes     yes
accounts.logout                         401    yes   yes   yes      yes    yes     yes
accounts.register                       yes    yes   yes   yes      yes    yes     yes
accounts.request_reset                  yes    yes   yes   yes      yes    yes     yes
accounts.reset                          401    401   401   401      401    401     401
accounts.resume                         401    yes   yes   yes      yes    yes     yes
accounts.update                         401    yes   yes   yes      yes    yes     yes
accounts.update/email                   401    yes   yes   yes      yes    yes     yes
accounts.upgrade                        401     no    no    no       no     no      no
audit.list                              401     no    no    no       no     no      no
bots.create                             401    yes   yes   yes      yes    yes     yes
bots.list                               401    yes   yes   yes      yes    yes     yes
bots.renew                              401    404   404   404      404    404     404
bots.revoke                             401    404   404   404      404    404     404
blocks.add                              401    yes   yes   yes      yes    yes     yes
blocks.list                             401    yes   yes   yes      yes    yes     yes
blocks.remove                           401    yes   yes   yes      yes    yes     yes
contacts.list                           401    yes   yes   yes      yes    yes     yes
contacts.remove                         401    yes   yes   yes      yes    yes     yes
contacts.remove/stranger                401    404   404   404      404    404     404
contacts.request                        401    yes   yes   yes      yes    yes     yes
contacts.request/nobody's-phone         401    404   404   404      404    404     404
contacts.request/who-blocks             401    yes   yes   yes      yes    yes      no
contacts.respond                        401    yes   yes   yes      yes    yes     yes
contacts.respond/stranger               401    404   404   404      404    404     404
bookmarks.add                           401    yes   yes   yes      404    404     yes
bookmarks.add/elsewhere                 401    404   404   404      404    404     404
bookmarks.list                          401    yes   yes   yes      yes    yes     yes
bookmarks.remove                        401    404   404   404      404    404     404
bookmarks.remove/own                    401    yes   yes   yes      yes    yes     yes
conversations.clear                     401    yes   yes   yes      404    404     yes
conversations.create                    401    yes   yes   yes      yes    yes     yes
conversations.create/found              401    yes   yes   yes      yes    yes     yes
conversations.create/who-blocks         401    yes   yes   yes      yes    yes      no
conversations.delete                    401     no    no   yes      404    404      no
conversations.discover                  401    yes   yes   yes      yes    yes     yes
conversations.get                       401    yes   yes   yes      404    404     yes
conversations.join                      401    yes   yes   yes      404    404      no
conversations.join/public               401    yes   yes   yes      yes    404     yes
conversations.list                      401    yes   yes   yes      yes    yes     yes
conversations.personalize               401    yes   yes   yes      404    404     yes
conversations.update                    401     no   yes   yes      404    404      no
invites.create                          401     no   yes   yes      404    404      no
invites.create/for-owners               401     no    no   yes      404    404      no
invites.list                            401     no   yes   yes      404    404      no
invites.redeem                          401    yes   yes   yes      yes    404     yes
invites.redeem/unknown                  401    404   404   404      404    404     404
invites.revoke                          401     no   yes   yes      404    404      no
invites.revoke/unknown                  401     no   404   404      404    404      no
members.add                             401     no   yes   yes      404    404      no
members.ban                             401     no   yes   yes      404    404      no
members.ban/owner                       401     no    no    no      404    404      no
members.ban/stranger                    401     no   yes   yes      404    404      no
members.ban/unknown                     401     no   404   404      404    404      no
members.bans                            401     no   yes   yes      404    404      no
members.leave                           401    yes   yes   yes      404    404      no
members.list                            401    yes   yes   yes      404    404     yes
members.remove                          401     no   yes   yes      404    404      no
members.remove/owner                    401     no    no    no      404    404      no
members.remove/nobody                   401     no   404   404      404    404      no
members.transfer                        401     no    no   yes      404    404      no
members.transfer/nobody                 401     no    no   404      404    404      no
members.unban                           401     no   yes   yes      404    404      no
members.unban/nobody                    401     no   404   404      404    404      no
members.update                          401     no   yes   yes      404    404      no
members.update/to-owner                 401     no    no   yes      404    404      no
members.update/nobody                   401     no   404   404      404    404      no
messages.close_poll                     401     no   yes   yes      404    404      no
messages.close_poll/own                 401    yes   yes   yes      404    404     yes
messages.delete                         401     no   yes   yes      404    404      no
messages.delete/own                     401    yes   yes   yes      404    404     yes
messages.delete/for-me                  401    yes   yes   yes      404    404     yes
messages.edit                           401     no    no    no      404    404      no
messages.edit/own                       401    yes   yes   yes      404    404      no
messages.forward                        401    yes   yes   yes      404    404     yes
messages.get                            401    yes   yes   yes      404    404     yes
messages.get/elsewhere                  401    404   404   404      404    404     404
messages.history                        401     no   yes   yes      404    404      no
messages.history/own                    401    yes   yes   yes      404    404     yes
messages.import                         401     no    no    no       no     no      no
messages.list                           401    yes   yes   yes      404    404     yes
messages.search                         401    yes   yes   yes      yes    yes     yes
messages.search/in                      401    yes   yes   yes      404    404     yes
messages.pin                            401     no   yes   yes      404    404      no
messages.unpin                          401     no   yes   yes      404    404      no
messages.send                           401    yes   yes   yes      404    404      no
messages.status                         401    yes   yes   yes      404    404     yes
messages.vote                           401    yes   yes   yes      404    404      no
presence.get                            401    yes   yes   yes      yes    yes     yes
presence.set                            401    yes   yes   yes      yes    yes     yes
presence.watch                          401    yes   yes   yes      yes    yes     yes
reactions.add                           401    yes   yes   yes      404    404      no
reactions.remove                        401    yes   yes   yes      404    404      no
receipts.badge                          401    yes   yes   yes      yes    yes     yes
receipts.explain                        401     no    no    no       no     no      no
receipts.list                           401    yes   yes   yes      404    404     yes
receipts.mark                           401    yes   yes   yes      404    404     yes
reports.create                          401    yes   yes   yes      404    404     yes
reports.create/user                     401    yes   yes   yes      yes    yes     yes
reports.create/elsewhere                401    404   404   404      404    404     404
reports.list                            401     no    no    no       no     no      no
reports.resolve                         401     no    no    no       no     no      no
scheduled.cancel                        401    yes   yes   yes      yes    yes     yes
scheduled.cancel/another's              401    404   404   404      404    404     404
scheduled.held                          401     no    no    no       no     no      no
scheduled.list                          401    yes   yes   yes      yes    yes     yes
scheduled.reject                        401     no    no    no       no     no      no
scheduled.release                       401     no    no    no       no     no      no
scheduled.update                        401    yes   yes   yes      yes    yes     yes
scheduled.update/another's              401    404   404   404      404    404     404
sessions.list                           401    yes   yes   yes      yes    yes     yes
sessions.revoke                         401    yes   yes   yes      yes    yes     yes
sessions.revoke/another's               401    404   404   404      404    404     404
sync.heads                              401    yes   yes   yes      yes    yes     yes
sync.pull                               401    yes   yes   yes      yes    yes     yes
threads.list                            401    yes   yes   yes      404    404     yes
typing.set                              401    yes   yes   yes      404    404      no
uploads.delete                          401     no    no    no      404    404      no
uploads.delete/own                      401    yes   yes   yes      yes    yes     yes
uploads.info                            401    yes   yes   yes      404    404     yes
uploads.info/own                        401    yes   yes   yes      yes    yes     yes
uploads.info/another's                  401    404   404   404      404    404     404
users.get                               401    yes   yes   yes      yes    yes     yes
users.import                            401     no    no    no       no     no      no
users.lift_shadow_ban                   401     no    no    no       no     no      no
users.list                              401    yes   yes   yes      yes    yes     yes
users.me                                401    yes   yes   yes      yes    yes     yes
users.search                            401    yes   yes   yes      yes    yes     yes
users.shadow_ban                        401     no    no    no       no     no      no
users.update                            401    yes   yes   yes      yes    yes     yes
"""
CODES: Final = {"no": "forbidden", "404": "not_found", "401": "unauthenticated"}

Rows = dict[str, dict[str, str]]


def rows() -> Rows:
    """By case, the verdict on each role."""
    lines = [line.split() for line in TABLE.strip().splitlines()]
    assert lines[0][1:] == list(ROLES)
    return {case: dict(zip(ROLES, words, strict=True)) for case, *words in lines[1:]}


ROWS: Final = rows()

Fields = Callable[[World, str], dict[str, Any]]


def _pull(world: World, role: str) -> tuple[PullFrom, ...]:
    return (PullFrom(stream=world.place(role).id, cursor="x"),)


# What fills a required field, by its name.
FIELDS: Final[dict[str, Callable[[World, str], Any]]] = {
    "conversation_id": lambda world, role: world.place(role).id,
    "up_to_seq": lambda world, role: 1,
    "message_id": lambda world, role: world.place(role).theirs,
    "upload_id": lambda world, role: world.place(role).upload,
    "id": lambda world, role: world.scheduled.get(role, world.scheduled["owner"]),
    "session_id": lambda world, role: world.session(role),
    "user_id": lambda world, role: world.actor("peer").id,
    "user_ids": lambda world, role: (world.actor("stranger").id,),
    "streams": _pull,
    "invite_id": lambda world, role: world.door.invite,
    "code": lambda world, role: world.door.code,
    "username": lambda world, role: "newcomer",
    "login": lambda world, role: "peer",
    "password": lambda world, role: PASSWORD,
    "current": lambda world, role: PASSWORD,
    "new": lambda world, role: "another battery",
    "kind": lambda world, role: "self",
    "key": lambda world, role: "key",
    "q": lambda world, role: "pee",
    "reason": lambda world, role: "spam",
    "action": lambda world, role: "dismissed",
    "role": lambda world, role: "admin",
    "status": lambda world, role: "away",
    "accept": lambda world, role: True,
}

# What a case has besides, or instead.
CASES: Final[dict[str, Fields]] = {
    "accounts.export": lambda world, role: {"password": PASSWORD},
    "accounts.export/another's": lambda world, role: {"user_id": world.actor("peer").id},
    "accounts.delete": lambda world, role: {"password": PASSWORD},
    "accounts.delete/another's": lambda world, role: {"user_id": world.actor("peer").id},
    "accounts.check": lambda world, role: {"username": "newcomer"},
    "accounts.register": lambda world, role: {"username": "newcomer"},
    "accounts.upgrade": lambda world, role: {"username": "newcomer"},
    "accounts.reset": lambda world, role: {"code": "0000-0000-0000-0000-0000"},
    "accounts.update": lambda world, role: {"location": {"city": "Baku"}},
    "accounts.update/email": lambda world, role: {"email": "a@b.org", "current": PASSWORD},
    "bookmarks.add/elsewhere": lambda world, role: {"message_id": elsewhere(world, role)},
    "bookmarks.remove/own": lambda world, role: {"message_id": world.kept(role)},
    "blocks.add": lambda world, role: {"user_id": world.actor("stranger").id},
    "blocks.remove": lambda world, role: {"user_id": world.actor("nuisance").id},
    "contacts.remove": lambda world, role: {"user_id": world.actor("friend").id},
    "contacts.remove/stranger": lambda world, role: {"user_id": world.actor("stranger").id},
    "contacts.request": lambda world, role: {"user_id": world.actor("friend").id},
    "contacts.request/nobody's-phone": lambda world, role: {"phone": "+4915112345678"},
    "contacts.request/who-blocks": lambda world, role: {"user_id": world.actor("stranger").id},
    "contacts.respond": lambda world, role: {"user_id": world.actor("friend").id},
    "contacts.respond/stranger": lambda world, role: {"user_id": world.actor("stranger").id},
    "conversations.create/found": lambda world, role: {"kind": "self", "key": "k"},
    "conversations.create/who-blocks": lambda world, role: {
        "kind": "direct",
        "user_id": world.actor("stranger").id,
    },
    "conversations.personalize": lambda world, role: {"draft": "so far"},
    "conversations.update": lambda world, role: {"title": "changed"},
    "conversations.join/public": lambda world, role: {"conversation_id": world.door.public},
    "invites.create/for-owners": lambda world, role: {"role": "owner"},
    "invites.redeem/unknown": lambda world, role: {"code": InviteCode("x" * 26)},
    "invites.revoke/unknown": lambda world, role: {"invite_id": InviteId("x" * 26)},
    "members.ban/owner": lambda world, role: {"user_id": world.actor("owner").id},
    "members.ban/stranger": lambda world, role: {"user_id": world.actor("stranger").id},
    "members.ban/unknown": lambda world, role: {"user_id": UserId("nobody")},
    "members.transfer/nobody": lambda world, role: {"user_id": world.actor("stranger").id},
    "members.unban": lambda world, role: {"user_id": world.actor("nuisance").id},
    "members.unban/nobody": lambda world, role: {"user_id": world.actor("stranger").id},
    "members.remove/owner": lambda world, role: {"user_id": world.actor("owner").id},
    "members.remove/nobody": lambda world, role: {"user_id": world.actor("stranger").id},
    "members.update/to-owner": lambda world, role: {"role": "owner"},
    "members.update/nobody": lambda world, role: {"user_id": world.actor("stranger").id},
    "messages.delete/own": lambda world, role: {"message_id": own(world, role)},
    "messages.delete/for-me": lambda world, role: {"for_": "me"},
    "messages.edit": lambda world, role: {"body": "changed"},
    "messages.edit/own": lambda world, role: {"message_id": own(world, role), "body": "changed"},
    "messages.get/elsewhere": lambda world, role: {"message_id": elsewhere(world, role)},
    "messages.search/in": lambda world, role: {"conversation_id": world.place(role).id},
    "messages.send": lambda world, role: {"body": "hello"},
    "messages.import": lambda world, role: {"body": "hello"},
    "messages.close_poll": lambda world, role: {"message_id": world.place(role).poll},
    "messages.close_poll/own": lambda world, role: {"message_id": own_poll(world, role)},
    "messages.forward": lambda world, role: {"conversation_ids": (world.place(role).id,)},
    "messages.history/own": lambda world, role: {"message_id": own(world, role)},
    "messages.vote": lambda world, role: {
        "message_id": world.place(role).poll,
        "options": (1,),
    },
    "receipts.mark": lambda world, role: {"message_ids": (world.place(role).theirs,)},
    "reports.create": lambda world, role: {"message_id": world.place(role).theirs},
    "reports.create/user": lambda world, role: {"user_id": world.actor("stranger").id},
    "reports.create/elsewhere": lambda world, role: {"message_id": elsewhere(world, role)},
    "scheduled.cancel/another's": lambda world, role: {"id": planned(world, role)},
    "scheduled.update/another's": lambda world, role: {"id": planned(world, role)},
    "sessions.revoke/another's": lambda world, role: {"session_id": world.session("peer")},
    "uploads.info/own": lambda world, role: {"upload_id": unattached(world, role)},
    "uploads.info/another's": lambda world, role: {"upload_id": another(world, role)},
    "uploads.delete/own": lambda world, role: {"upload_id": unattached(world, role)},
    "users.update": lambda world, role: {"bio": "changed"},
}


def own(world: World, role: str) -> str:
    """A message by the role; for those without one, by the owner."""
    place = world.place(role)
    return place.own.get(role, place.own.get("owner", ""))


def own_poll(world: World, role: str) -> str:
    """A poll by the role; for those without one, by the owner."""
    place = world.place(role)
    return place.polls.get(role, place.polls.get("owner", ""))


def elsewhere(world: World, role: str) -> str:
    """A message of the other conversation."""
    return (world.group if role == "blocked" else world.direct).theirs


def unattached(world: World, role: str) -> str:
    """A file of the role's own."""
    return world.uploads.get(role, world.uploads["owner"])


def planned(world: World, role: str) -> str:
    """A message that somebody else has waiting."""
    return world.scheduled["outsider" if role != "outsider" else "owner"]


def another(world: World, role: str) -> str:
    """A file of somebody else's that no message holds."""
    return world.uploads["outsider" if role != "outsider" else "owner"]


def example(world: World, case: str, role: str) -> Operation[Any]:
    """The operation of a case, as the role would ask it."""
    spec = spec_of(case.partition("/")[0])
    assert spec is not None
    given = CASES.get(case, lambda world, role: {})(world, role)
    required = [one.name for one in attrs.fields(spec.cls) if is_required(one)]
    filled = {name: FIELDS[name](world, role) for name in required if name not in given}
    return spec.cls(**filled, **given)


@pytest.fixture(scope="session")
def world(template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world, built once; tests work on copies of its file."""
    return build(Path(shutil.copy(template, tmp_path_factory.mktemp("world") / "chat.db")))


class Stage:
    """An engine on a copy of the world."""

    def __init__(self, engine: ChatEngine, broker: RecordingBroker, url: str) -> None:
        self._engine = engine
        self._broker = broker
        self._url = url

    async def ask(self, actor: Actor, operation: Operation[Any]) -> Any:
        """What it answers: the result or the error."""
        try:
            return await self._engine.execute(actor, operation)
        except ChatError as error:
            return error

    async def refused(self, actor: Actor, operation: Operation[Any], code: str) -> bytes:
        """Ask for what must be refused without a trace; the answer's bytes."""
        before = dump(self._url)
        self._broker.take()
        answer = await self.ask(actor, operation)
        assert isinstance(answer, ChatError), answer
        assert answer.code == code
        assert self._broker.take() == []
        assert dump(self._url) == before
        return codec.encode(problem(answer))


@pytest.fixture
def stage(world: World, tmp_path: Path) -> Callable[[], Any]:
    """Opens engines, each on a copy of its own."""
    copies = iter(range(100))

    @asynccontextmanager
    async def opened() -> AsyncIterator[Stage]:
        path = shutil.copy(world.path, tmp_path / f"{next(copies)}.db")
        broker, url = RecordingBroker(), f"sqlite:///{path}"
        async with ChatEngine(
            url,
            broker=broker,
            clock=FakeClock(),
            hasher=PlainHasher(),
            files=tmp_path / "files",
            mailer=KeepingMailer(),
            settings=Settings(guests=True, user_bots=True),
        ) as engine:
            yield Stage(engine, broker, url)

    return opened


def hideable(operation: Operation[Any]) -> Iterator[tuple[str, str]]:
    """The single ids it names: (field, value)."""
    for one in attrs.fields(type(operation)):
        value = getattr(operation, one.name)
        if one.name.endswith("_id") and isinstance(value, str):
            yield one.name, value


@pytest.mark.anyio
@pytest.mark.parametrize("case", [case for case in ROWS if set(ROWS[case].values()) != {"yes"}])
async def test_refusals(case: str, world: World, stage: Callable[[], Any]) -> None:
    """Who may not is told so, changes nothing and is heard by nobody; what is hidden doesn't exist.

    The answer about a hidden object is, byte for byte, that about ids never given out and about
    strings that no id can be.
    """
    refused = {role: word for role, word in ROWS[case].items() if word != "yes"}
    async with stage() as opened:
        for role, word in refused.items():
            actor, operation = world.actor(role), example(world, case, role)
            answer = await opened.refused(actor, operation, CODES[word])
            if word == "no":
                continue
            for name, value in hideable(operation):
                for other in (never_issued(value), "../x", "x" * 500, ""):
                    unknown = evolve(operation, **{name: other})
                    assert await opened.refused(actor, unknown, CODES[word]) == answer


@pytest.mark.anyio
@pytest.mark.parametrize("case", ROWS)
async def test_permissions(case: str, world: World, stage: Callable[[], Any]) -> None:
    """Who may gets an answer of the declared kind."""
    spec = spec_of(case.partition("/")[0])
    assert spec is not None
    allowed = [role for role, word in ROWS[case].items() if word == "yes"]
    for group in [[role] for role in allowed] if spec.writes else [allowed]:
        async with stage() as opened:
            for role in group:
                answer = await opened.ask(world.actor(role), example(world, case, role))
                kind = getattr(spec.result, "__origin__", spec.result)
                assert type(answer) is kind, (role, answer)


@pytest.mark.anyio
async def test_an_operator_imports(world: World, stage: Callable[[], Any]) -> None:
    """Trusted code of the host may take over messages and users, as a member."""
    async with stage() as opened:
        for case in ("messages.import", "users.import"):
            trusted = evolve(world.actor("member"), operator=True)
            answer = await opened.ask(trusted, example(world, case, "member"))
            assert not isinstance(answer, ChatError)


def test_every_operation_has_a_row_here() -> None:
    """An operation that nobody thought about fails, and so does a row without an operation."""
    assert {case.partition("/")[0] for case in ROWS} == {spec.method for spec in specs()}


def test_every_operation_has_a_row_in_the_policy() -> None:
    """Registered without a policy, it would be refused to everybody."""
    assert {spec.cls for spec in specs()} <= policy.TABLE.keys()


def test_every_operation_is_carried_out_in_one_place() -> None:
    """Each has a handler, a bulk handler or a flow, and only one of them."""
    places = [*HANDLERS, *BULK, *FLOWS]
    assert len(places) == len(set(places))
    assert {spec.cls for spec in specs()} <= set(places)


def test_an_unknown_operation_is_refused_to_everybody() -> None:
    """What isn't in the table is denied, whoever asks and whatever they are."""

    class Unheard(Operation[None]):
        """Not in the table."""

    roles: tuple[Role | None, ...] = (None, "member", "admin", "owner")
    operator = Actor(None, operator=True)
    for role in roles:
        assert judge(Unheard, operator, Case(role=role)) is Verdict.FORBID
    assert judge(Unheard, operator) is Verdict.FORBID
