"""Images: their size, a thumbnail without metadata, and a tiny placeholder.

The dimensions come from the header and are checked before a single pixel is decoded, so a file of
a few bytes that claims to be 65,535 pixels square costs nothing. What can't be decoded is no error:
it is a file like any other.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, BinaryIO, Final

from attrs import frozen

from chatcore.errors import MissingExtra, TooLarge

if TYPE_CHECKING:
    from PIL import Image

_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP")
_THUMBNAIL_SIDE: Final = 480
_PLACEHOLDER_SIDE: Final = 16
_CHUNK: Final = 64 * 1024

# Each scan of a progressive JPEG is a pass over the whole image, and an empty one takes a few
# bytes: a small file could keep a decoder busy for an hour. Encoders write about ten.
_START_OF_SCAN: Final = b"\xff\xda"
_SCANS: Final = 100

_ORIENTATION: Final = 0x0112
# What Pillow calls the turn that undoes each of Exif's orientations; from 5 on sides change places.
_UPRIGHT: Final = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


@frozen(kw_only=True)
class Picture:
    """What is known of an image. ``width`` and ``height`` are as it is seen, not as it lies."""

    width: int
    height: int
    thumbnail: bytes
    """WebP, at most 480 pixels a side and never larger than the image; no metadata."""
    thumbnail_type: str = "image/webp"
    placeholder: str
    """A ``data:`` URL of at most 600 characters, to show until the thumbnail is there."""


def examine(source: BinaryIO, pixels: int) -> Picture | None:
    """Look at an image; None where it can't be decoded to its end.

    ``source`` is seekable and stands anywhere afterwards. Raises :class:`TooLarge` for more than
    ``pixels`` pixels, from the header alone, and :class:`MissingExtra` without the extra
    ``media``. For a worker thread: takes up to a second, and some eight bytes a pixel.
    """
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("Looking at images", "media") from None
    try:
        with Image.open(source, formats=_FORMATS) as image:
            if image.width * image.height > pixels:
                raise TooLarge(f"At most {pixels} pixels")
            if image.format == "JPEG" and _scans(source) > _SCANS:
                return None
            return _picture(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLarge(f"At most {pixels} pixels") from None
    except TooLarge:
        raise
    except Exception:
        # Decoders raise almost anything over damaged data; whatever it is, it isn't an image.
        return None


def _scans(source: BinaryIO) -> int:
    """How many scans a JPEG has. In its data a marker's first byte never stands alone."""
    place = source.tell()
    source.seek(0)
    found, last = 0, b""
    while chunk := source.read(_CHUNK):
        found += (last + chunk).count(_START_OF_SCAN)
        last = chunk[-1:]
    source.seek(place)
    return found


def _picture(image: Image.Image) -> Picture:
    width, height = image.size
    orientation = _orientation(image)
    small = _flat(image)
    small.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    small = _upright(small.convert("RGBA" if small.has_transparency_data else "RGB"), orientation)
    small.info.clear()
    tiny = small.copy()
    tiny.thumbnail((_PLACEHOLDER_SIDE, _PLACEHOLDER_SIDE))
    data = base64.b64encode(_webp(tiny, quality=30, alpha_quality=20)).decode()
    return Picture(
        width=height if orientation >= 5 else width,
        height=width if orientation >= 5 else height,
        thumbnail=_webp(small, quality=80),
        placeholder=f"data:image/webp;base64,{data}",
    )


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(_ORIENTATION)
    except Exception:
        found = None  # damaged metadata is no reason to refuse the pixels
    return found if found in _UPRIGHT else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    from PIL.Image import Transpose

    turn = _UPRIGHT.get(orientation)
    return image.transpose(Transpose[turn]) if turn else image


def _flat(image: Image.Image) -> Image.Image:
    """The image in a mode that scales well: a palette has no colours between its own."""
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda level: level * (1 / 257)).convert("L")
    if image.mode in ("1", "P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _webp(image: Image.Image, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()
