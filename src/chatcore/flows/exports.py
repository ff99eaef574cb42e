"""Exports: lines of JSON, or a ZIP file of them and of the files, in bounded memory."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from tempfile import TemporaryFile
from typing import BinaryIO, Final, Literal, TypeVar, cast

import anyio
from anyio.lowlevel import RunVar

from chatcore import codec
from chatcore.errors import Invalid
from chatcore.flows.erasure import confirm, require_known
from chatcore.flows.parts import Parts
from chatcore.flows.uploads import in_thread, keep
from chatcore.ids import ConversationId, UploadId, UserId, to_datetime
from chatcore.models import Actor, Attachment
from chatcore.operations import ExportAccount
from chatcore.ports.erasure import Trace
from chatcore.ports.uploads import UploadRecord
from chatcore.services import exports
from chatcore.services.access import active
from chatcore.services.audit import audited
from chatcore.services.exports import FORMAT, VERSION, Entry
from chatcore.services.files import attachment
from chatcore.services.work import ChatWork

K = TypeVar("K", str, int)
Progress = Callable[[int, int], None]
"""Takes how many places have been looked through, and of how many."""

LINES: Final = "export.jsonl"
"""The lines' name inside a ZIP file."""
_WINDOW: Final = 500
_OWN: Final = "chatcore-export-"
_busy: Final[RunVar[anyio.CapacityLimiter]] = RunVar("chatcore.exporting")


async def account(parts: Parts, actor: Actor, operation: ExportAccount) -> Attachment:
    """A ZIP file among the files of whoever asked. One is made at a time.

    Raises :class:`Forbidden` where it is another's account, or unconfirmed.
    """
    user = operation.user_id or actor.id
    if user == actor.user_id:
        await parts.chat_read(lambda work: active(work, actor))
        await confirm(parts, actor, operation.password)
    else:
        await require_known(parts, actor, user)
    if actor.user_id is None:
        raise Invalid("Nobody is there to keep the file for: use the command line")
    owner = actor.user_id
    limiter = _busy.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(1)
        _busy.set(limiter)
    async with limiter:
        with cast(BinaryIO, await in_thread(TemporaryFile)) as file:
            await archive(parts, user, file)
            name = f"{_OWN}{user}.zip"
            record = await keep(parts, owner, name, "application/zip", file)
    return await parts.chat_write(audited(actor, operation, lambda work: _exist(work, record)))


def _exist(work: ChatWork, record: UploadRecord) -> Attachment:
    work.unit.uploads.insert(record)
    return attachment(record)


async def user_entries(
    parts: Parts, user: UserId, progress: Progress | None = None
) -> AsyncIterator[Entry]:
    """Everything a user's account holds, in the order of the guide."""
    yield _head(parts, "user", user)
    for one in await parts.accounts_read(lambda work: exports.account(work, user)):
        yield one
    for one in await parts.chat_read(lambda work: exports.chosen(work, user)):
        yield one
    traces = [trace async for trace in _traces(parts, user)]
    total, done = sum(trace.last_seq for trace in traces), 0
    for trace in traces:
        for one in await parts.chat_read(partial(_membership, user, trace)):
            yield one
        for after in range(0, trace.last_seq, _WINDOW):
            up_to = min(after + _WINDOW, trace.last_seq)
            for one in await parts.chat_read(partial(_content, user, trace, after, up_to)):
                yield one
            done += up_to - after
            if progress is not None:
                progress(done, total)
    for page in (
        exports.contact_page,
        exports.block_page,
        exports.scheduled_page,
        exports.upload_page,
    ):
        async for one in _paged(parts, partial(_of_user, page, user), ""):
            yield one


async def conversation_entries(
    parts: Parts, id: ConversationId, progress: Progress | None = None
) -> AsyncIterator[Entry]:
    """A whole conversation: for operators, since no floor and no hiding counts."""
    yield _head(parts, "conversation", id)
    trace, opening = await parts.chat_read(lambda work: exports.opening(work, id))
    for one in opening:
        yield one
    async for one in _paged(parts, lambda after, work: exports.member_page(work, trace, after), ""):
        yield one
    async for one in _paged(parts, lambda after, work: exports.message_page(work, trace, after), 0):
        if progress is not None:
            progress(one["seq"], trace.last_seq)
        yield one


def _head(parts: Parts, of: Literal["user", "conversation"], id: str) -> Entry:
    at = codec.rfc3339(to_datetime(parts.clock.now()))
    return {"type": "export", "format": FORMAT, "version": VERSION, "of": of, "id": id, "at": at}


async def _traces(parts: Parts, user: UserId) -> AsyncIterator[Trace]:
    after = 0
    while found := await parts.chat_read(partial(_next_traces, user, after)):
        for trace in found:
            yield trace
        after = found[-1].conversation_n


def _next_traces(user: UserId, after: int, work: ChatWork) -> Sequence[Trace]:
    return exports.traces(work, user, after)


def _membership(user: UserId, trace: Trace, work: ChatWork) -> list[Entry]:
    return exports.membership(work, user, trace)


def _content(user: UserId, trace: Trace, after: int, up_to: int, work: ChatWork) -> list[Entry]:
    return exports.content(work, user, trace, after, up_to)


def _of_user(
    page: Callable[[ChatWork, UserId, str], list[tuple[str, Entry]]],
    user: UserId,
    after: str,
    work: ChatWork,
) -> list[tuple[str, Entry]]:
    return page(work, user, after)


async def _paged(
    parts: Parts, page: Callable[[K, ChatWork], Sequence[tuple[K, Entry]]], after: K
) -> AsyncIterator[Entry]:
    while found := await parts.chat_read(partial(page, after)):
        for _, one in found:
            yield one
        after = found[-1][0]


async def lines(entries: AsyncIterator[Entry], file: BinaryIO) -> Counter[str]:
    """Write entries, a line each, and a last one that counts them: without it a file is cut off."""
    counts: Counter[str] = Counter()
    waiting: list[bytes] = []
    async for one in entries:
        counts[one["type"]] += 1
        waiting.append(codec.encode(one))
        if len(waiting) >= exports.PAGE:
            await in_thread(partial(_write, file, waiting))
            waiting = []
    del counts["export"]
    waiting.append(codec.encode({"type": "end", "counts": dict(sorted(counts.items()))}))
    await in_thread(partial(_write, file, waiting))
    return counts


def _write(file: BinaryIO, waiting: list[bytes]) -> None:
    file.write(b"".join(line + b"\n" for line in waiting))


async def archive(
    parts: Parts,
    user: UserId,
    file: BinaryIO,
    progress: Progress | None = None,
    *,
    files: bool = True,
) -> Counter[str]:
    """A ZIP file: the lines as ``export.jsonl``, and each file as ``files/<upload_id>/<name>``."""
    uploads: list[str] = []

    async def noting() -> AsyncIterator[Entry]:
        async for one in user_entries(parts, user, progress):
            if one["type"] == "upload" and not one["name"].startswith(_OWN):
                uploads.append(one["upload_id"])
            yield one

    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        with target.open(LINES, "w", force_zip64=True) as inside:
            counts = await lines(noting(), cast(BinaryIO, inside))
        for id in uploads if files else ():
            found = await parts.chat_read(partial(_upload, UploadId(id)))
            if found is not None:
                await in_thread(partial(_add, parts, target, found))
    return counts


def _upload(id: UploadId, work: ChatWork) -> UploadRecord | None:
    return work.unit.uploads.get([id]).get(id)


def _add(parts: Parts, target: zipfile.ZipFile, record: UploadRecord) -> None:
    if parts.blobs.size(record.blob) is None:
        return
    with target.open(f"files/{record.id}/{record.name}", "w", force_zip64=True) as inside:
        for chunk in parts.blobs.open(record.blob):
            inside.write(chunk)
