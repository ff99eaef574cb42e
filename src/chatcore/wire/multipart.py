"""The one file of a multipart body (RFC 7578), streamed: nothing of it is held but one chunk.

Form fields beside the file, a host's CSRF token perhaps, are counted, bounded and dropped. The
stream ends only after the whole body was read and found in order, so that whoever keeps the file
can drop it again when the rest turns out to be wrong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

import anyio
from attrs import define, field

from chatcore.config import Limits
from chatcore.errors import Invalid, MissingExtra
from chatcore.wire.exchange import Request, TooSlow

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MEDIA_TYPE: Final = "multipart/form-data"
_BOUNDARY_MOST: Final = 70  # RFC 2046, 5.1.1


@define
class _Parts:
    """What the parser reports, turned into a file name and waiting chunks of the file."""

    limits: Limits
    options: Any
    """The library's parser of a header with parameters."""
    file_name: str | None = None
    chunks: deque[bytes] = field(factory=deque)
    complete: bool = False
    _count: int = 0
    _in_file: bool = False
    _dropped: int = 0
    """Bytes of the part's headers and, unless it is the file, of its content."""
    _header: bytes = b""
    _value: bytes = b""
    _disposition: bytes = b""

    def callbacks(self) -> MultipartCallbacks:
        """Under the names that the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._count += 1
        if self._count > self.limits.multipart_parts:
            raise Invalid(f"At most {self.limits.multipart_parts} parts")
        self._in_file, self._dropped, self._disposition = False, 0, b""

    def _bounded(self, size: int) -> None:
        self._dropped += size
        if self._dropped > self.limits.multipart_field_bytes:
            raise Invalid(f"A field has at most {self.limits.multipart_field_bytes} bytes")

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._bounded(end - start)
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._bounded(end - start)
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        kind, options = self.options(self._disposition.decode("latin-1"))
        if kind != b"form-data" or b"name" not in options:
            raise Invalid("A part has no Content-Disposition of form-data with a name")
        if b"filename" not in options:
            return
        if self.file_name is not None:
            raise Invalid("One file a request")
        try:
            self.file_name = options[b"filename"].decode()
        except UnicodeDecodeError:
            raise Invalid.field("name", "not UTF-8") from None
        self._in_file = True

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.chunks.append(data[start:end])
        else:
            self._bounded(end - start)

    def _end(self) -> None:
        self.complete = True


class _Stream:
    """A body on its way through the parser, a chunk at a time."""

    def __init__(self, request: Request, limits: Limits) -> None:
        try:
            from python_multipart import multipart as library
            from python_multipart.exceptions import FormParserError
        except ImportError:
            raise MissingExtra("Multipart uploads", "media") from None
        _, options = library.parse_options_header(request.header("content-type"))
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= _BOUNDARY_MOST:
            raise Invalid(f"The Content-Type has no boundary of 1 to {_BOUNDARY_MOST} bytes")
        self._parts = _Parts(limits, library.parse_options_header)
        self._body = aiter(request.body)
        self._patience_s = limits.body_s
        self._malformed = FormParserError
        self._parser = library.MultipartParser(boundary, self._parts.callbacks())

    async def _more(self) -> bool:
        """Parse the next chunk; False at the body's end."""
        try:
            with anyio.fail_after(self._patience_s):
                chunk = await anext(self._body)
            self._parser.write(chunk)
        except StopAsyncIteration:
            return False
        except TimeoutError:
            raise TooSlow(f"Some of the body has to come every {self._patience_s:g} s") from None
        except self._malformed:
            raise Invalid("Malformed multipart body") from None
        return True

    async def name(self) -> str:
        """Read on until the file begins."""
        while self._parts.file_name is None:
            if not await self._more():
                raise Invalid("The body holds no file")
        return self._parts.file_name

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The file, then silently the rest of the body."""
        going = True
        while going:
            while self._parts.chunks:
                yield self._parts.chunks.popleft()
            going = await self._more()
        if not self._parts.complete:
            raise Invalid("The body ends early")


async def file_of(request: Request, limits: Limits) -> tuple[str, AsyncGenerator[bytes, None]]:
    """The name and the bytes of the one file. Iterating may raise :class:`Invalid`, too.

    Raises :class:`Invalid` for a body out of order and :class:`MissingExtra` without the parser.
    """
    stream = _Stream(request, limits)
    return await stream.name(), stream.chunks()
