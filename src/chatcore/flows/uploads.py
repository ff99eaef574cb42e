"""Files: bytes in, bytes out.

On its way in a file is spooled, in constant memory; then what it is gets told from its bytes; then
the blob is kept, then its thumbnail, and last the row that makes it exist. Whatever fails before
the row leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
)
from contextlib import AsyncExitStack, aclosing
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, TypeVar, cast

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from attrs import frozen

from chatcore.errors import Invalid, NotFound, TooLarge, Unavailable, UnknownOutcome
from chatcore.flows.parts import Parts
from chatcore.ids import UploadId, UserId, new_id
from chatcore.media.images import Picture, examine
from chatcore.media.names import safe_name
from chatcore.media.sniff import DECODED, SNIFFED, category, sniff
from chatcore.models import Actor, Attachment, Done
from chatcore.operations import DeleteUpload
from chatcore.ports.blobs import BlobStore
from chatcore.ports.uploads import UploadRecord
from chatcore.services import uploads
from chatcore.services.access import active
from chatcore.services.files import attachment
from chatcore.services.work import ChatWork

T = TypeVar("T")

_BLOCK: Final = 256 * 1024
_IN_MEMORY: Final = 1024 * 1024

# Decoding an image takes a core, and some hundred megabytes for a large one: few at a time.
_DECODERS: Final = 2
_decoding: Final[RunVar[anyio.CapacityLimiter]] = RunVar("chatcore.decoding")


@frozen(kw_only=True)
class Download:
    """A file on its way out."""

    attachment: Attachment
    media_type: str
    size: int
    """Of the whole file, in bytes."""
    chunks: AsyncIterator[bytes]


async def upload(
    parts: Parts, actor: Actor, *, name: str, chunks: AsyncIterable[bytes], size: int | None
) -> Attachment:
    """Keep a file. ``name`` may be anything; ``size`` is what was announced, in bytes.

    Raises :class:`TooLarge` as soon as the file, or all that the user has, takes more than it may,
    and for an image of too many pixels; :class:`Invalid` where ``size`` isn't what came;
    :class:`Unavailable` where the disk refuses.
    """
    blobs, limits = parts.blobs, parts.limits
    used = await parts.chat_read(lambda work: work.unit.uploads.used(active(work, actor)))
    most = max(0, min(limits.upload_bytes, limits.quota_bytes - used))
    with cast(BinaryIO, SpooledTemporaryFile(_IN_MEMORY)) as file:
        received, sha256 = await _receive(chunks, file, most, size)
        media_type, picture = await in_thread(
            partial(_inspect, file, limits.image_pixels), limiter=_decoders()
        )
        record = UploadRecord(
            id=UploadId(new_id(parts.clock.now())),
            owner_id=actor.id,
            name=safe_name(name),
            size=received,
            media_type=media_type,
            category=category(media_type, decoded=picture is not None),
            sha256=sha256,
            blob=_blob_name(),
            created_at=parts.clock.now(),
        )
        if picture is not None:
            _describe(record, picture)
        try:
            await in_thread(partial(_put, blobs, record, file, picture))
            return await _exist(parts, actor, record)
        except UnknownOutcome:
            raise  # the row may be there, and then its blobs must be
        except BaseException:
            await forget_blobs(blobs, record)
            raise


async def keep(
    parts: Parts, owner: UserId, name: str, media_type: str, file: BinaryIO
) -> UploadRecord:
    """Keep all of ``file``, which the engine itself made; the row to insert.

    Neither the largest size nor the quota counts.
    """

    def measure() -> tuple[int, str]:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        return size, hashlib.file_digest(cast(io.BufferedRandom, file), "sha256").hexdigest()

    size, sha256 = await in_thread(measure)
    record = UploadRecord(
        id=UploadId(new_id(parts.clock.now())),
        owner_id=owner,
        name=safe_name(name),
        size=size,
        media_type=media_type,
        category="document",
        sha256=sha256,
        blob=_blob_name(),
        created_at=parts.clock.now(),
    )
    await in_thread(partial(_put, parts.blobs, record, file, None))
    return record


def _blob_name() -> str:
    """Random, so that nobody who knows an upload can guess where it lies; spread over folders."""
    key = secrets.token_hex(16)
    return f"{key[:2]}/{key}"


def _describe(record: UploadRecord, picture: Picture) -> None:
    record.thumbnail, record.thumbnail_type = f"{record.blob}-small", picture.thumbnail_type
    record.placeholder = picture.placeholder
    record.width, record.height = picture.width, picture.height


async def _exist(parts: Parts, actor: Actor, record: UploadRecord) -> Attachment:
    """Insert the row. Cancelled half-way, nobody would know whether there is one: so never."""
    with anyio.CancelScope(shield=True):
        made = await parts.chat_write(lambda work: _insert(work, actor, record))
    return made


async def _receive(
    chunks: AsyncIterable[bytes], file: BinaryIO, most: int, announced: int | None
) -> tuple[int, str]:
    """The size and SHA-256 of all that came, now in ``file``."""
    too_large = TooLarge(f"At most {most} bytes")
    if announced is not None and announced > most:
        raise too_large
    size, digest, waiting = 0, hashlib.sha256(), bytearray()

    def write(block: bytes) -> None:
        digest.update(block)
        file.write(block)

    async with AsyncExitStack() as stack:
        source = aiter(chunks)
        if isinstance(source, AsyncGenerator):  # left early, it wants to be told
            await stack.enter_async_context(aclosing(source))
        async for chunk in source:
            size += len(chunk)
            if size > most:
                raise too_large
            waiting += chunk
            if len(waiting) >= _BLOCK:
                await in_thread(partial(write, bytes(waiting)))
                waiting.clear()
    await in_thread(partial(write, bytes(waiting)))
    if announced not in (None, size):
        raise Invalid.field("size", f"{announced} bytes were announced, {size} came")
    return size, digest.hexdigest()


def _inspect(file: BinaryIO, pixels: int) -> tuple[str, Picture | None]:
    """The media type, and what there is to see."""
    file.seek(0)
    media_type = sniff(file.read(SNIFFED))
    file.seek(0)
    return media_type, examine(file, pixels) if media_type in DECODED else None


def _put(blobs: BlobStore, record: UploadRecord, file: BinaryIO, picture: Picture | None) -> None:
    file.seek(0)
    blobs.put(record.blob, file)
    if picture is not None and record.thumbnail is not None:
        blobs.put(record.thumbnail, io.BytesIO(picture.thumbnail))


def _insert(work: ChatWork, actor: Actor, record: UploadRecord) -> Attachment:
    """The row. The actor's is locked, so that two files at once can't both take the last room."""
    user = active(work, actor)
    work.unit.actors.lock([user])
    if work.unit.uploads.used(user) + record.size > work.limits.quota_bytes:
        raise TooLarge("Your files take more room than there is for them")
    record.created_at = work.now
    work.unit.uploads.insert(record)
    return attachment(record)


async def delete(parts: Parts, actor: Actor, operation: DeleteUpload) -> Done:
    """The row first: a blob without one is out of reach, a row without its blob is broken."""

    def remove(work: ChatWork) -> UploadRecord:
        record = uploads.find(work, actor, operation.upload_id)
        uploads.delete(work, actor, operation)
        return record

    await forget_blobs(parts.blobs, await parts.chat_write(remove))
    return Done()


async def download(
    parts: Parts, actor: Actor, upload_id: UploadId, *, thumbnail: bool, start: int, end: int | None
) -> Download:
    """A file's bytes from ``start`` up to ``end`` (exclusive).

    Raises :class:`NotFound` for whoever may not see it, and where there is no such file or
    thumbnail.
    """
    if start < 0 or (end is not None and end < start):
        raise Invalid.field("start", "a range begins at 0 or later and doesn't end before that")
    blobs = parts.blobs
    record = await parts.chat_read(lambda work: uploads.find(work, actor, upload_id))
    name = record.thumbnail if thumbnail else record.blob
    size = None if name is None else await in_thread(partial(blobs.size, name))
    if name is None or size is None:
        raise NotFound
    return Download(
        attachment=attachment(record),
        media_type=(record.thumbnail_type if thumbnail else None) or record.media_type,
        size=size,
        chunks=_Chunks(await in_thread(partial(blobs.open, name, start, end))),
    )


class _Chunks(AsyncIterator[bytes]):
    """Reads in threads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    async def __anext__(self) -> bytes:
        chunk = await in_thread(lambda: next(self._chunks, None))
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Let go of the file, for a reader that leaves early."""
        if isinstance(self._chunks, Generator):
            await in_thread(self._chunks.close)


async def forget_blobs(blobs: BlobStore, record: UploadRecord) -> None:
    """Delete a file's blobs, even for someone who was cancelled."""

    def remove() -> None:
        for name in (record.thumbnail, record.blob):
            if name is not None:
                blobs.delete(name)

    with anyio.CancelScope(shield=True):
        await in_thread(remove)


async def in_thread(call: Callable[[], T], *, limiter: anyio.CapacityLimiter | None = None) -> T:
    """Run blocking work on files. Raises :class:`Unavailable` for what the disk refuses."""
    try:
        return await anyio.to_thread.run_sync(call, limiter=limiter)
    except OSError as error:
        raise Unavailable("Files can't be kept or read right now") from error


def _decoders() -> anyio.CapacityLimiter:
    """The limiter of this event loop's decoding threads."""
    limiter = _decoding.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(_DECODERS)
        _decoding.set(limiter)
    return limiter
