"""The composition root: an operation goes in, its result comes out, events follow the commit.

    async with ChatEngine("sqlite:///chat.db", files="chat-files") as engine:
        registered = await engine.execute(ANONYMOUS, Register("alice", "correct horse"))

Everything is a parameter; nothing is global, and nothing is read from the environment.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from attrs import asdict, define, evolve
from sqlalchemy import URL, Engine

from chatcore.brokers.local import LocalBroker
from chatcore.config import Limits, Settings
from chatcore.delivery.connection import Connection
from chatcore.delivery.hub import Hub
from chatcore.errors import (
    ChatError,
    Internal,
    Misconfigured,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from chatcore.events import Announcement
from chatcore.flows import (
    FLOWS,
    chores,
    erasure,
    hosts,
    moderation,
    people,
    retention,
    scheduled,
    sessions,
)
from chatcore.flows import uploads as upload_flows
from chatcore.flows.accounts import note_revoked
from chatcore.flows.presence import Attendance
from chatcore.flows.previews import Previews
from chatcore.flows.search import Indexing
from chatcore.flows.uploads import Download
from chatcore.ids import Clock, SessionId, SystemClock, UploadId, UserId
from chatcore.lanes import Batch, Job, Lane, Runner, Turns, job_of
from chatcore.media.files import FilesStore
from chatcore.models import Actor, Attachment, Pruned, Started, User
from chatcore.operations import Operation, spec_of
from chatcore.operations.checks import check
from chatcore.policy import require, require_kind
from chatcore.ports.blobs import BlobStore
from chatcore.ports.broker import Broker
from chatcore.ports.identity import Authenticator, Credentials, Directory, Hasher, Mailer
from chatcore.ports.moderation import Moderator
from chatcore.ports.previews import LinkPreviewer
from chatcore.ports.storage import AccountsUnit, ChatUnit, Store
from chatcore.security.access_tokens import AccessTokens
from chatcore.security.passwords import Argon2Hasher
from chatcore.services.cards import complete, introduce
from chatcore.services.directory import AccountsDirectory
from chatcore.services.work import AccountsWork, ChatWork, Outcome
from chatcore.storage.sql import SqlAccountsStore, SqlChatStore
from chatcore.storage.sql.database import open_database

logger = logging.getLogger("chatcore.engine")

R = TypeVar("R")
T = TypeVar("T")


@define
class Request:
    """One operation, and whom to tell what came of it."""

    actor: Actor
    operation: Operation[Any]
    done: Callable[[Outcome], None]
    """Called on the event loop with the result, or with a :class:`ChatError`."""


class ChatEngine:
    """Chat, inside the caller's program. An async context manager, on asyncio and on trio.

    ``database`` is a URL or an SQLAlchemy Engine; ``accounts`` another one for accounts, by
    default the same. ``files`` is a folder or a blob store; without it uploads are refused.
    ``previews`` looks links up; without it messages have no previews.
    """

    def __init__(
        self,
        database: str | URL | Engine,
        *,
        accounts: str | URL | Engine | None = None,
        files: str | Path | BlobStore | None = None,
        broker: Broker | None = None,
        directory: Directory | None = None,
        authenticator: Authenticator | None = None,
        hasher: Hasher | None = None,
        mailer: Mailer | None = None,
        moderator: Moderator | None = None,
        access_tokens: AccessTokens | None = None,
        previews: LinkPreviewer | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.settings = settings or Settings()
        self.clock = clock or SystemClock()
        self.hasher = hasher or Argon2Hasher()
        self.mailer = mailer
        self.moderator = moderator
        self.access_tokens = access_tokens
        opened = open_database(database, readers=self.settings.readers)
        other = opened
        if accounts is not None and directory is not None:
            raise Misconfigured("Either accounts are chatcore's, or a directory is the host's")
        if accounts is not None:
            other = open_database(accounts, readers=self.settings.readers)
        self.chat_store: Store[ChatUnit] = SqlChatStore(opened, self.settings, self.clock)
        self.accounts_store: Store[AccountsUnit] = SqlAccountsStore(
            other, self.settings, self.clock
        )
        self.hosted = directory is not None
        self.authenticator = authenticator
        for method in self.settings.guests_may_not | self.settings.bots_may_not:
            if spec_of(method) is None and method != "uploads.create":
                raise Misconfigured(f"Settings: there is no method {method!r}")
        self._flows = {**FLOWS, **people.hosted()} if self.hosted else FLOWS
        self.directory = directory or AccountsDirectory(
            self.accounts_store, self.limits, self.settings
        )
        self._files = FilesStore(files) if isinstance(files, (str, Path)) else files
        self._broker = broker or LocalBroker()
        self._previewer = previews
        self._previews: Previews | None = None
        self._open = False
        self._turns: Turns[Request] = Turns()

    @property
    def blobs(self) -> BlobStore:
        """Where files lie. Raises :class:`Misconfigured` where the engine has no such place."""
        if self._files is None:
            raise Misconfigured("Give the engine a place for files: ChatEngine(…, files='folder')")
        return self._files

    # Opening and closing.

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self.chat_store.open)
        if not self.hosted:
            await anyio.to_thread.run_sync(self.accounts_store.open)
        self.hub = Hub(self.limits, self.clock)
        self.hub.on_scheduled = partial(scheduled.note, self)
        self._hashing = anyio.CapacityLimiter(self.limits.hashing_threads)
        self._hashes = 0
        self.moderating = anyio.CapacityLimiter(self.settings.moderator_threads)
        self._lanes()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._release)
            lanes = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(self._close_lanes)
            self._start_lanes(lanes)
            self._tasks: TaskGroup = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(self._tasks.cancel_scope.cancel)
            await self._broker.start(self.hub.deliver)
            self._tasks.start_soon(self.hub.run)
            self._attendance = Attendance(self, self.hub)
            await self._attendance.renew()
            self._tasks.start_soon(self._attendance.run)
            self.spawn(erasure.resume, self)
            self._tasks.start_soon(Indexing(self).run)
            self._tasks.start_soon(chores.run, self)
            if self._previewer is not None:
                self._previews = Previews(self, self._previewer)
                self._tasks.start_soon(self._previews.run)
            self._stack = stack.pop_all()
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish what was taken, announce it, and let go of everything."""
        self._open = False
        self.hub.close_all(1012, "restarting")
        await self._stack.aclose()

    def _start_lanes(self, tasks: TaskGroup) -> None:
        for lane in (self._chat_writes, self._accounts_writes, self._accounts_reads):
            tasks.start_soon(lane.serve)
        for _ in range(self.settings.readers):
            tasks.start_soon(self._chat_reads.serve)

    def _close_lanes(self) -> None:
        for lane in self._all_lanes:
            lane.close()

    async def _release(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._broker.stop()
            await anyio.to_thread.run_sync(self.chat_store.close)
            await anyio.to_thread.run_sync(self.accounts_store.close)

    def _lanes(self) -> None:
        def lane(store: Store[Any], work: Callable[[Any], Any], *, writes: bool) -> Lane[Any]:
            runner: Runner[Any, Any] = Runner(store, self.clock, work, writes=writes)

            def run(jobs: Sequence[Job[Any]]) -> Batch[Any]:
                return self._introduced(runner(jobs))

            most = self.settings.batch_operations if writes else self.settings.read_operations
            return Lane(
                run,
                self.publish,
                operations=most,
                conversations=self.settings.batch_conversations,
            )

        def chat(unit: ChatUnit) -> ChatWork:
            return ChatWork(unit, self.limits, self.settings)

        def accounts(unit: AccountsUnit) -> AccountsWork:
            return AccountsWork(unit, self.limits, self.settings)

        self._chat_writes = lane(self.chat_store, chat, writes=True)
        self._chat_reads = lane(self.chat_store, chat, writes=False)
        self._accounts_writes = lane(self.accounts_store, accounts, writes=True)
        self._accounts_reads = lane(self.accounts_store, accounts, writes=False)
        self._all_lanes = (
            self._chat_writes,
            self._chat_reads,
            self._accounts_writes,
            self._accounts_reads,
        )

    def _introduced(self, batch: Batch[Any]) -> Batch[Any]:
        """A batch with the cards of those it names, as far as the directory gives them.

        It is committed already: a directory that fails must not make it look otherwise.
        """
        try:
            return Batch(
                complete(batch.outcomes, self.directory.cards),
                introduce(batch.announcements, self.directory.cards),
            )
        except Exception:
            logger.exception("the directory failed")
            return batch

    # Operations.

    async def execute(self, actor: Actor, operation: Operation[R]) -> R:
        """What ``operation`` answers to ``actor``. Raises a :class:`ChatError` that says why not.

        When it returns, what it changed is durable. Cancelled before it was begun, it is taken
        back; afterwards it is finished, and its events are announced.
        """
        self._require_open()
        self._require(actor, operation)
        check(operation, self.limits)
        flow = self._flows.get(type(operation))
        if flow is not None:
            return await flow(self, actor, operation)  # type: ignore[no-any-return]
        verdict = None
        if self._reviewed(operation):
            operation, verdict = await moderation.review(self, actor, operation)
        known = await self._known(operation)
        make = partial(job_of, actor, operation, known, verdict=verdict)
        return await self._wait(self._lane(operation), make)  # type: ignore[no-any-return]

    def _reviewed(self, operation: Operation[Any]) -> bool:
        """Whether the host's moderator is asked about it first."""
        return self.moderator is not None and type(operation) in moderation.REVIEWED

    def submit(self, requests: Sequence[Request]) -> None:
        """Take many operations at once and return; each is told its outcome when it is there.

        For one actor writes keep their order. Called on the event loop, and never blocks.
        """
        for request in requests:
            writes = request.operation.spec.writes
            if not (writes and self._turns.waits(request.actor.user_id, request)):
                self._begin(request)

    def _begin(self, request: Request) -> None:
        actor, operation = request.actor, request.operation
        try:
            self._require_open()
            takes_turns = type(operation) in self._flows or operation.spec.users is not None
            if takes_turns or self._reviewed(operation):
                if operation.spec.writes and actor.user_id is not None:
                    self._turns.begin(actor.user_id)
                self._tasks.start_soon(self._execute_for, request)
                return
            self._require(actor, operation)
            check(operation, self.limits)
            self._lane(operation).put(job_of(actor, operation, {}, request.done))
        except ChatError as error:
            request.done(error)

    async def _execute_for(self, request: Request) -> None:
        try:
            outcome: Outcome = await self.execute(request.actor, request.operation)
        except ChatError as error:
            outcome = error
        except Exception:
            logger.exception("an operation failed unexpectedly")
            outcome = Internal()
        request.done(outcome)
        if request.operation.spec.writes:
            self.submit(self._turns.end(request.actor.user_id))

    def _require_open(self) -> None:
        if not self._open:
            raise Unavailable("The engine isn't open")

    def _require(self, actor: Actor, operation: Operation[Any]) -> None:
        require(type(operation), actor)
        if actor.kind != "person":
            require_kind(operation.spec.method, actor, self.settings)

    def _lane(self, operation: Operation[Any]) -> Lane[Any]:
        spec = operation.spec
        if spec.store == "chat":
            return self._chat_writes if spec.writes else self._chat_reads
        return self._accounts_writes if spec.writes else self._accounts_reads

    async def _known(self, operation: Operation[Any]) -> Mapping[UserId, User]:
        """The users it names, looked up before anything is locked."""
        if operation.spec.users is None:
            return {}
        named = getattr(operation, operation.spec.users)
        ids: Sequence[UserId] = named if isinstance(named, tuple) else (named,)
        return await self.cards(ids) if ids else {}

    async def _wait(self, lane: Lane[Any], make: Callable[[Callable[[Outcome], None]], Any]) -> Any:
        """Put a job into a lane and wait for its outcome."""
        ready = anyio.Event()
        outcomes: list[Outcome] = []

        def done(outcome: Outcome) -> None:
            outcomes.append(outcome)
            ready.set()

        job = make(done)
        lane.put(job)
        try:
            await ready.wait()
        except BaseException:
            lane.withdraw(job)
            raise
        if isinstance(outcomes[0], ChatError):
            raise outcomes[0]
        return outcomes[0]

    # What flows use.

    async def chat_write(self, run: Callable[[ChatWork], T]) -> T:
        return await self._wait(self._chat_writes, lambda done: Job(done, run))  # type: ignore[no-any-return]

    async def chat_read(self, run: Callable[[ChatWork], T]) -> T:
        return await self._wait(self._chat_reads, lambda done: Job(done, run))  # type: ignore[no-any-return]

    async def accounts_write(self, run: Callable[[AccountsWork], T]) -> T:
        self._require_accounts()
        return await self._wait(self._accounts_writes, lambda done: Job(done, run))  # type: ignore[no-any-return]

    async def accounts_read(self, run: Callable[[AccountsWork], T]) -> T:
        self._require_accounts()
        return await self._wait(self._accounts_reads, lambda done: Job(done, run))  # type: ignore[no-any-return]

    async def cards(self, ids: Collection[UserId]) -> Mapping[UserId, User]:
        """The public cards of those who exist, wherever people are kept."""
        if self.hosted:
            return await hosts.ask(partial(self.directory.cards, ids))
        return await self.accounts_read(lambda work: self.directory.cards(ids))

    def _require_accounts(self) -> None:
        if self.hosted:
            raise Unsupported("Accounts are the host's: there is no accounts store")

    async def hashing(self, run: Callable[[], T]) -> T:
        """Run slow hashing. Raises :class:`Unavailable` where too many wait already."""
        if self._hashes >= self.limits.hashing_waiting:
            raise Unavailable("Too many are signing in", retry_after=2)
        self._hashes += 1
        try:
            return await anyio.to_thread.run_sync(run, limiter=self._hashing)
        finally:
            self._hashes -= 1

    def spawn(self, call: Callable[..., Awaitable[object]], *args: object) -> None:
        self._tasks.start_soon(_logged, call, *args)

    def later(self, seconds: float, call: Callable[[Any], Awaitable[object]]) -> None:
        self.hub.timers.after(seconds, lambda: self.spawn(call, self))

    def publish(self, announcements: Sequence[Announcement]) -> None:
        self._broker.publish(announcements)
        if self._previews is not None:
            self._previews.notice(announcements)

    # Sessions, connections and files.

    async def authenticate(
        self,
        token: str | None,
        *,
        address: str | None = None,
        user_agent: str | None = None,
        cookies: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Actor:
        """The actor whom a token stands for, or whatever else the host's authenticator knows.

        Raises :class:`Unauthenticated`.
        """
        actor = None
        if self.authenticator is not None:
            shown = Credentials(
                token=token,
                cookies=cookies or {},
                headers=headers or {},
                address=address,
                user_agent=user_agent,
            )
            actor = await hosts.recognise(self.authenticator, shown)
        if actor is None:
            if token is None or self.hosted:
                raise Unauthenticated
            actor = await sessions.authenticate(self, token, address, user_agent)
        return evolve(actor, operator=actor.operator or actor.user_id in self.settings.operators)

    async def end_session(self, user_id: UserId, session_id: SessionId) -> None:
        """Close the connections of a session of the host's own, on every node."""
        await self.chat_write(lambda work: note_revoked(work, user_id, [session_id]))

    async def profile_changed(self, user_id: UserId) -> None:
        """Tell a user's own devices and whoever watches them that the host changed their card."""
        await people.tell(self, user_id)

    async def account_of(self, login: str) -> UserId | None:
        """Whom a login name means, for counting guesses by account rather than by spelling."""
        return await sessions.account_of(self, login)

    async def connect(self, connection: Connection, since: str | None = None) -> Started:
        """Let a connection hear what its user may: the answer to ``session.start``."""
        return await self._attendance.connect(connection, since)

    async def disconnect(self, connection: Connection) -> None:
        """The end of :meth:`connect`."""
        await self._attendance.disconnect(connection)

    async def upload(
        self,
        actor: Actor,
        *,
        name: str,
        chunks: AsyncIterable[bytes],
        size: int | None = None,
    ) -> Attachment:
        """Keep a file, to be attached to messages."""
        if actor.kind != "person":
            require_kind("uploads.create", actor, self.settings)
        return await upload_flows.upload(self, actor, name=name, chunks=chunks, size=size)

    async def download(
        self,
        actor: Actor,
        upload_id: UploadId,
        *,
        thumbnail: bool = False,
        start: int = 0,
        end: int | None = None,
    ) -> Download:
        """A file's bytes, for its owner and for whoever sees a live message with it."""
        return await upload_flows.download(
            self, actor, upload_id, thumbnail=thumbnail, start=start, end=end
        )

    def statistics(self) -> dict[str, float]:
        """What the engine has done and holds, as numbers: for metrics and benchmarks."""
        lane = self._chat_writes
        return {
            "writes": lane.jobs,
            "batches": lane.batches,
            "mean_batch": lane.jobs / max(lane.batches, 1),
            **asdict(self.hub.statistics()),
        }

    async def prune(self) -> Pruned:
        """Let go of all messages that are older than they may be, in small steps: what went."""
        return await retention.prune(self)

    async def ready(self) -> bool:
        """Whether the databases answer."""
        try:
            with anyio.fail_after(5):
                await self.chat_read(lambda work: work.unit.actors.inactive([UserId("-")]))
                if not self.hosted:
                    await self.accounts_read(lambda work: work.unit.users.get([UserId("-")]))
        except (ChatError, TimeoutError):
            return False
        return True


async def _logged(call: Callable[..., Awaitable[object]], *args: object) -> None:
    try:
        await call(*args)
    except Exception:
        logger.exception("a task beside failed")
