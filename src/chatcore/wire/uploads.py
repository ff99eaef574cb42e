"""Files over HTTP: bytes in, as multipart or raw, and bytes out, in whole or in part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import aclosing
from email.message import Message as Headers
from email.utils import collapse_rfc2231_value
from typing import Final
from urllib.parse import quote

from attrs import frozen

from chatcore.engine import ChatEngine
from chatcore.errors import Invalid
from chatcore.ids import UploadId
from chatcore.models import Actor, Attachment
from chatcore.operations import GetUpload
from chatcore.wire import multipart
from chatcore.wire.exchange import (
    Request,
    Response,
    json_response,
    patient,
    problem_response,
)
from chatcore.wire.requests import no_query, query

INLINE: Final = frozenset({
    "application/ogg",
    "audio/mpeg",
    "audio/ogg",
    "image/avif",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/ogg",
    "video/webm",
})  # fmt: skip
"""What a browser shows without running anything of it; all else is a download."""

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")

_HEADERS: Final = (
    # Kept by the reader's own browser, but asked again each time: access may have ended.
    ("Cache-Control", "private, no-cache"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
)


@frozen
class Uploads:
    """Answers the routes that move bytes."""

    engine: ChatEngine

    async def create(self, request: Request, actor: Actor) -> Response:
        """Keep a file: 201 with its Attachment."""
        limits = self.engine.limits
        actor.id  # noqa: B018 (refuses the anonymous before a byte is read)
        if request.media_type == multipart.MEDIA_TYPE:
            no_query(request, limits)
            name, file = await multipart.file_of(request, limits)
            async with aclosing(file) as chunks:
                kept = await self.engine.upload(actor, name=name, chunks=chunks)
        else:
            name, size = self._name(request), request.content_length
            async with aclosing(patient(request.body, limits.body_s)) as chunks:
                kept = await self.engine.upload(actor, name=name, chunks=chunks, size=size)
        return json_response(kept, 201)

    async def get(self, request: Request, actor: Actor, parameters: Mapping[str, str]) -> Response:
        """A file's content: 200, 206 for one range, 304 where the reader has it, 416."""
        no_query(request, self.engine.limits)
        info = await self._info(actor, parameters)
        etag = f'"{info.sha256}"'
        if _unchanged(request, etag):
            return Response(status=304, headers=(("ETag", etag), *_HEADERS))
        headers = (*_headers(info.name, info.media_type, etag), ("Accept-Ranges", "bytes"))
        start, end = 0, info.size
        part = _range(request, etag)
        if part is not None:
            start, end = _bounds(part, info.size)
            if start >= end:
                return _not_satisfiable(info.size)
            headers += (("Content-Range", f"bytes {start}-{end - 1}/{info.size}"),)
        headers += (("Content-Length", str(end - start)),)
        status = 200 if part is None else 206
        if request.method == "HEAD":
            return Response(status=status, headers=headers)
        found = await self.engine.download(actor, info.upload_id, start=start, end=end)
        return Response(status=status, headers=headers, body=found.chunks)

    async def thumbnail(
        self, request: Request, actor: Actor, parameters: Mapping[str, str]
    ) -> Response:
        """A small picture of the file; not found where it has none."""
        no_query(request, self.engine.limits)
        info = await self._info(actor, parameters)
        etag = f'"{info.sha256}-thumbnail"'
        if info.thumbnail_url is not None and _unchanged(request, etag):
            return Response(status=304, headers=(("ETag", etag), *_HEADERS))
        found = await self.engine.download(actor, info.upload_id, thumbnail=True)
        headers = (
            *_headers(info.name, found.media_type, etag),
            ("Content-Length", str(found.size)),
        )
        return Response(headers=headers, body=found.chunks)

    async def _info(self, actor: Actor, parameters: Mapping[str, str]) -> Attachment:
        return await self.engine.execute(actor, GetUpload(UploadId(parameters["upload_id"])))

    def _name(self, request: Request) -> str:
        """A raw body's file name: ``?name=``, else the Content-Disposition's (RFC 6266)."""
        named = query(request, self.engine.limits)
        if any(key != "name" for key, _ in named) or len(named) > 1:
            raise Invalid("Only one parameter, name")
        if named:
            return named[0][1]
        if (name := _file_name(request.header("content-disposition"))) is None:
            raise Invalid.field("name", "required: ?name= or a Content-Disposition header")
        return name


def _file_name(disposition: str | None) -> str | None:
    """The file name of a Content-Disposition, the one that RFC 8187 writes before the plain."""
    parsed = Headers()
    parsed["Content-Disposition"] = disposition or "attachment"
    params = parsed.get_params(header="content-disposition") or []
    names = [value for name, value in params if name == "filename"]
    extended = [value for value in names if isinstance(value, tuple)]
    return next(map(collapse_rfc2231_value, extended + names), None)


def _headers(name: str, media_type: str, etag: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Type", media_type),
        ("Content-Disposition", content_disposition(name, inline=media_type in INLINE)),
        ("ETag", etag),
        *_HEADERS,
    )


def content_disposition(name: str, *, inline: bool) -> str:
    """RFC 6266: the name for everyone as ASCII, and exactly as RFC 8187 writes it."""
    plain = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in name)
    exact = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{"inline" if inline else "attachment"}; filename="{plain}"{exact}'


def _unchanged(request: Request, etag: str) -> bool:
    """Whether ``If-None-Match`` names what there is; compared weakly (RFC 9110, 13.1.2)."""
    known = (one.strip().removeprefix("W/") for one in _list(request.header("if-none-match")))
    return any(one in ("*", etag) for one in known)


def _list(header: str | None) -> list[str]:
    return header.split(",") if header else []


def _range(request: Request, etag: str) -> re.Match[str] | None:
    """The one range asked for. Several, and malformed ones, are ignored (RFC 9110, 14.2)."""
    header = request.header("range")
    # A range of what the reader had before is none of what there is now.
    if request.method != "GET" or not header or request.header("if-range") not in (None, etag):
        return None
    return _RANGE.fullmatch(header.replace(" ", ""))


def _bounds(found: re.Match[str], size: int) -> tuple[int, int]:
    """From where up to where (exclusive); empty or backwards where it can't be served."""
    first, last, suffix = found.groups()
    if suffix is not None:
        return max(size - int(suffix), 0), size
    return int(first), size if last is None else min(int(last) + 1, size)


def _not_satisfiable(size: int) -> Response:
    error = Invalid("The range can't be served")
    return problem_response(error, 416, ("Content-Range", f"bytes */{size}"))
