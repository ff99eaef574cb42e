"""Files through the engine: in, told by their bytes, bounded; and out to who may see them."""

import hashlib
import io
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator

import anyio
import argon2
import pytest
from PIL import Image

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import (
    ChatError,
    Invalid,
    Misconfigured,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnknownOutcome,
)
from chatcore.flows import uploads
from chatcore.ids import UploadId
from chatcore.media.files import FilesStore
from chatcore.models import ANONYMOUS, Actor, Attachment
from chatcore.operations import DeleteUpload, GetUpload, Register
from chatcore.security.passwords import Argon2Hasher

pytestmark = pytest.mark.anyio

LIMITS = Limits(upload_bytes=400_000, quota_bytes=1_000_000, image_pixels=100_000)
HASHER = Argon2Hasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Source:
    """What a client sends, and how much of it was taken."""

    def __init__(self, content: bytes, size: int = 65_536, *, error: Exception | None = None):
        self.taken = 0
        self._parts = [content[at : at + size] for at in range(0, len(content), size)]
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            await anyio.lowlevel.checkpoint()
            self.taken += len(part)
            yield part
        if self._error is not None:
            raise self._error


class Bench:
    """An engine with two users, and a folder to look into."""

    def __init__(self, engine: ChatEngine, folder, ann: Actor, bob: Actor):
        self.engine, self.folder, self.ann, self.bob = engine, folder, ann, bob

    async def keep(self, content: bytes, name: str = "a.bin", **options) -> Attachment:
        return await self.engine.upload(
            options.pop("actor", self.ann), name=name, chunks=Source(content), **options
        )

    async def read(self, upload_id: str, actor: Actor | None = None, **options) -> bytes:
        found = await self.engine.download(actor or self.ann, UploadId(upload_id), **options)
        return b"".join([chunk async for chunk in found.chunks])

    def blobs(self) -> list[str]:
        return [path.name for path in self.folder.rglob("*") if path.is_file()]

    async def used(self) -> int:
        return await self.engine.chat_read(lambda work: work.unit.uploads.used(self.ann.id))


@pytest.fixture(name="bench")
async def running(tmp_path) -> AsyncIterator[Bench]:
    """A running engine on SQLite and a folder."""
    folder = tmp_path / "files"
    engine = ChatEngine(
        f"sqlite:///{tmp_path / 'chat.db'}", files=folder, limits=LIMITS, hasher=HASHER
    )
    async with engine:
        ann, bob = [
            (await engine.execute(ANONYMOUS, Register(name, "correct horse"))).actor
            for name in ("ann", "bob")
        ]
        yield Bench(engine, folder, ann, bob)


def picture(width: int = 40, height: int = 30, kind: str = "PNG") -> bytes:
    """A real image."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, kind)
    return buffer.getvalue()


def noise(size: int) -> bytes:
    """Bytes that repeat nowhere near."""
    blocks: Iterator[bytes] = (
        hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(size // 32 + 1)
    )
    return b"".join(blocks)[:size]


@pytest.mark.parametrize("size", [0, 1, 65_536, 300_001])
async def test_what_goes_in_comes_out(bench, size):
    """A file has its bytes, size and checksum, whatever it holds."""
    content = noise(size)
    kept = await bench.keep(content, "data.bin", size=size)
    assert (kept.name, kept.size) == ("data.bin", size)
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    assert await bench.read(kept.upload_id) == content
    assert await bench.engine.execute(bench.ann, GetUpload(kept.upload_id)) == kept


async def test_a_range_comes_out(bench):
    """Part of a file can be read, and the whole size is known."""
    content = noise(200_000)
    kept = await bench.keep(content)
    assert await bench.read(kept.upload_id, start=70_000, end=150_000) == content[70_000:150_000]
    assert await bench.read(kept.upload_id, start=199_999) == content[-1:]
    assert await bench.read(kept.upload_id, start=300_000) == b""
    found = await bench.engine.download(bench.ann, kept.upload_id, start=5, end=6)
    assert found.size == 200_000
    assert found.attachment == kept
    for start, end in ((-1, None), (5, 4)):
        with pytest.raises(Invalid):
            await bench.read(kept.upload_id, start=start, end=end)


async def test_an_image_has_dimensions_and_a_thumbnail(bench):
    """What can be decoded is an image, with a small one to show first."""
    kept = await bench.keep(picture(400, 200, "JPEG"), "holiday.dat")
    assert (kept.category, kept.media_type, kept.name) == ("image", "image/jpeg", "holiday.dat")
    assert (kept.width, kept.height) == (400, 200)
    assert kept.placeholder.startswith("data:image/webp;base64,")
    small = await bench.engine.download(bench.ann, kept.upload_id, thumbnail=True)
    content = b"".join([chunk async for chunk in small.chunks])
    assert small.media_type == "image/webp"
    assert len(content) == small.size
    assert Image.open(io.BytesIO(content)).size == (400, 200)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"<html><script>alert(1)</script>", "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (picture()[:60], "image/png"),
        (b"just text", "text/plain"),
    ],
    ids=["html", "svg", "truncated", "text"],
)
async def test_what_is_called_an_image_and_is_none(bench, content, media_type):
    """A name proves nothing: without pixels it is a document without dimensions."""
    kept = await bench.keep(content, "photo.png")
    assert (kept.category, kept.media_type, kept.name) == ("document", media_type, "photo.png")
    assert (kept.width, kept.height, kept.thumbnail_url, kept.placeholder) == (None,) * 4
    with pytest.raises(NotFound):
        await bench.read(kept.upload_id, thumbnail=True)


async def test_a_path_in_a_name_leads_nowhere(bench):
    """Only the last part of a name is kept, and blobs have names of their own."""
    kept = await bench.keep(b"x", "../../../etc/passwd\r\nX: y")
    assert kept.name == "passwd X_ y"
    [blob] = bench.blobs()
    assert "passwd" not in blob
    assert kept.upload_id not in blob


async def test_the_size_limit(bench):
    """A file at the limit is kept; one byte more is refused as soon as it comes."""
    assert (await bench.keep(bytes(400_000))).size == 400_000
    source = Source(bytes(900_000), 50_000)
    with pytest.raises(TooLarge, match="400000"):
        await bench.engine.upload(bench.ann, name="a", chunks=source)
    assert source.taken == 450_000
    assert len(bench.blobs()) == 1


async def test_an_announced_size_is_kept_to(bench):
    """Too much announced is refused unread; other than announced is refused at the end."""
    source = Source(b"x")
    with pytest.raises(TooLarge):
        await bench.engine.upload(bench.ann, name="a", chunks=source, size=400_001)
    assert source.taken == 0
    for size in (2, 4):
        with pytest.raises(Invalid) as refused:
            await bench.keep(b"abc", size=size)
        assert refused.value.errors[0].path == "size"
    assert bench.blobs() == []


async def test_the_quota(bench):
    """All of a user's files together have a limit of their own; deleting makes room."""
    first = await bench.keep(bytes(400_000))
    await bench.keep(bytes(400_000))
    with pytest.raises(TooLarge, match="200000"):
        await bench.keep(bytes(200_001))
    await bench.keep(bytes(200_000))
    with pytest.raises(TooLarge):
        await bench.keep(b"x")
    await bench.keep(b"x", actor=bench.bob)
    await uploads.delete(bench.engine, bench.ann, DeleteUpload(first.upload_id))
    await bench.keep(b"x")


async def test_two_files_at_once_cannot_share_the_last_room(bench):
    """Of files that fit only one by one, no more are kept than fit, however they race."""
    outcomes = []

    async def keep() -> None:
        try:
            outcomes.append(await bench.keep(bytes(400_000)))
        except TooLarge as error:
            outcomes.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(keep)
    assert sum(isinstance(outcome, Attachment) for outcome in outcomes) == 2
    assert await bench.used() == 800_000
    assert len(bench.blobs()) == 2


async def test_a_huge_image_in_few_bytes(bench):
    """A header of 65,535 pixels square is refused, and nothing of it is kept."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 65_535, 65_535, 8, 6, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    with pytest.raises(TooLarge, match="pixels"):
        await bench.keep(content + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\4IDAT")
    assert (bench.blobs(), await bench.used()) == ([], 0)


async def test_memory_stays_small(bench):
    """A file many times as large as what may lie in memory passes through without piling up."""
    source = Source(b"", 65_536)
    block = noise(65_536)
    source._parts = [block] * 400
    bench.engine.limits = Limits()
    tracemalloc.start()
    try:
        kept = await bench.engine.upload(bench.ann, name="big", chunks=source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept.size == 400 * 65_536
    assert peak < kept.size / 4


async def test_the_anonymous_are_refused_unread(bench):
    """Nobody who isn't signed in gets a byte in."""
    source = Source(b"x")
    with pytest.raises(Unauthenticated):
        await bench.engine.upload(ANONYMOUS, name="a", chunks=source)
    assert source.taken == 0


async def test_a_source_that_breaks_leaves_nothing(bench):
    """When the client goes away in the middle, its error goes on and nothing is kept."""
    with pytest.raises(anyio.BrokenResourceError):
        await bench.engine.upload(
            bench.ann, name="a", chunks=Source(b"half", error=anyio.BrokenResourceError())
        )
    assert (bench.blobs(), await bench.used()) == ([], 0)


async def test_a_cancelled_upload_leaves_nothing(bench):
    """Cancelled while bytes come, there is no file and no blob."""

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        scope.cancel()
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope:
        await bench.engine.upload(bench.ann, name="a", chunks=endless())
    assert scope.cancelled_caught
    assert (bench.blobs(), await bench.used()) == ([], 0)


class Failing:
    """The engine's parts, whose last transaction fails."""

    def __init__(self, engine: ChatEngine, error: Exception):
        self.limits, self.clock, self.blobs = engine.limits, engine.clock, engine.blobs
        self.chat_read, self._error = engine.chat_read, error

    async def chat_write(self, run) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "blobs"),
    [(Unavailable(), 0), (RuntimeError("a defect"), 0), (UnknownOutcome(), 2)],
    ids=lambda part: type(part).__name__ if isinstance(part, Exception) else str(part),
)
async def test_blobs_go_where_no_row_can_be(bench, error, blobs):
    """Without a row the blobs are deleted; where there may be one, they stay."""
    with pytest.raises(type(error)):
        await uploads.upload(
            Failing(bench.engine, error), bench.ann, name="a", chunks=Source(picture()), size=None
        )
    assert len(bench.blobs()) == blobs


class Full(FilesStore):
    """A disk without room for a second blob."""

    def put(self, name, source):
        if name.endswith("-small"):
            raise OSError(28, "No space left on device")
        super().put(name, source)


async def test_a_full_disk(bench):
    """What the disk refuses is unavailable, and what it took before is given back."""
    bench.engine._files = Full(bench.folder)
    with pytest.raises(Unavailable):
        await bench.keep(picture())
    assert (bench.blobs(), await bench.used()) == ([], 0)


async def test_strangers_see_nothing(bench):
    """Another's file that no message shows is the same as one that never was."""
    kept = await bench.keep(b"private")
    refusals: list[ChatError] = []
    for upload_id in (kept.upload_id, UploadId("0" * 26), UploadId("../x")):
        with pytest.raises(NotFound) as refused:
            await bench.read(upload_id, bench.bob)
        refusals.append(refused.value)
        with pytest.raises(NotFound):
            await uploads.delete(bench.engine, bench.bob, DeleteUpload(upload_id))
    assert len({(error.code, error.detail) for error in refusals}) == 1
    assert await bench.read(kept.upload_id) == b"private"


async def test_a_deleted_file_is_gone(bench):
    """Deleting takes the row, the blob and the thumbnail."""
    kept = await bench.keep(picture())
    assert len(bench.blobs()) == 2
    await uploads.delete(bench.engine, bench.ann, DeleteUpload(kept.upload_id))
    assert (bench.blobs(), await bench.used()) == ([], 0)
    with pytest.raises(NotFound):
        await bench.read(kept.upload_id)


async def test_a_lost_blob_is_not_found(bench):
    """A row whose blob is gone is answered before any byte."""
    kept = await bench.keep(b"x")
    for path in bench.folder.rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(NotFound):
        await bench.engine.download(bench.ann, kept.upload_id)


async def test_a_reader_that_leaves_early(bench):
    """Whoever stops reading leaves no open file behind."""
    kept = await bench.keep(bytes(300_000))
    found = await bench.engine.download(bench.ann, kept.upload_id)
    assert len(await anext(found.chunks)) == 65_536


async def test_an_engine_without_a_folder(tmp_path):
    """Without a place for files the host is told what to give."""
    async with ChatEngine(f"sqlite:///{tmp_path / 'chat.db'}", hasher=HASHER) as engine:
        ann = (await engine.execute(ANONYMOUS, Register("ann", "correct horse"))).actor
        with pytest.raises(Misconfigured, match="files="):
            await engine.upload(ann, name="a", chunks=Source(b"x"))
