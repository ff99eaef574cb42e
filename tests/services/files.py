"""Files' rows, without bytes behind them."""

from chatcore.engine import ChatEngine
from chatcore.ids import UploadId, new_id
from chatcore.models import Actor
from chatcore.ports.uploads import UploadRecord


def record(owner: Actor, name: str = "notes.txt") -> UploadRecord:
    """The row of a small file of ``owner``'s."""
    id = UploadId(new_id(0))
    return UploadRecord(
        id=id,
        owner_id=owner.id,
        name=name,
        size=5,
        media_type="text/plain",
        category="document",
        sha256="0" * 64,
        blob=f"blobs/{id}",
        created_at=0,
    )


async def keep(engine: ChatEngine, owner: Actor, name: str = "notes.txt") -> UploadId:
    """The id of a file of ``owner``'s, stored."""
    row = record(owner, name)
    await engine.chat_write(lambda work: work.unit.uploads.insert(row))
    return row.id
