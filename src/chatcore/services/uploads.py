"""Files: who may see them, and who may delete them. Their bytes travel through ``flows``."""

from __future__ import annotations

from chatcore.errors import Conflict, Forbidden, NotFound
from chatcore.ids import UploadId
from chatcore.models import Actor, Attachment, Done
from chatcore.operations import DeleteUpload, GetUpload
from chatcore.ports.uploads import UploadRecord
from chatcore.services.access import active
from chatcore.services.files import attachment
from chatcore.services.work import ChatWork


def find(work: ChatWork, actor: Actor, upload_id: UploadId) -> UploadRecord:
    """A file that is the caller's own, or in a live message that the caller sees."""
    user = active(work, actor)
    record = work.unit.uploads.get([upload_id]).get(upload_id)
    if record is None:
        raise NotFound
    if record.owner_id != user and not work.unit.uploads.reachable(upload_id, user, work.now):
        raise NotFound
    return record


def info(work: ChatWork, actor: Actor, operation: GetUpload) -> Attachment:
    """What a file is."""
    return attachment(find(work, actor, operation.upload_id))


def delete(work: ChatWork, actor: Actor, operation: DeleteUpload) -> Done:
    """Raises :class:`Conflict` while a message holds it, :class:`Forbidden` for another's."""
    record = find(work, actor, operation.upload_id)
    if record.owner_id != actor.user_id:
        raise Forbidden
    if work.unit.uploads.holders(record.id) or _awaited(work, record):
        raise Conflict("A message holds this file")
    work.unit.uploads.delete(record.id)
    return Done()


def _awaited(work: ChatWork, record: UploadRecord) -> bool:
    """Whether a message that waits may still be sent with it: only its owner can have made one."""
    rows = work.unit.scheduled.page(record.owner_id, "", work.limits.scheduled_a_user)
    return any(
        record.id in row.content.get("upload_ids", ()) for row in rows if row.state != "rejected"
    )
