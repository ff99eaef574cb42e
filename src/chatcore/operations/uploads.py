"""Files. Their bytes travel over HTTP, or through the engine's ``upload`` and ``download``."""

from __future__ import annotations

from attrs import frozen

from chatcore.ids import UploadId
from chatcore.models import Attachment, Done
from chatcore.operations.base import Operation, operation


@operation("uploads.info", Attachment)
@frozen
class GetUpload(Operation[Attachment]):
    """What a file is: its owner sees it, and whoever sees a live message with it."""

    upload_id: UploadId


@operation("uploads.delete", Done, writes=True)
@frozen
class DeleteUpload(Operation[Done]):
    """Delete one's own file that no message holds."""

    upload_id: UploadId
