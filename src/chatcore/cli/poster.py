"""The picture in the sample: a poster, drawn when it is needed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import ImageDraw

_SIZE: Final = (1200, 840)
_SKY: Final = ((20, 33, 61), (252, 163, 17))
_INK: Final = (20, 33, 61)
_CREAM: Final = (255, 248, 232)


def poster() -> bytes:
    """A PNG."""
    from PIL import Image, ImageDraw, ImageFont  # there only with the extra

    width, height = _SIZE
    image = Image.new("RGB", _SIZE)
    draw = ImageDraw.Draw(image)
    for y in range(height):
        draw.line([(0, y), (width, y)], fill=_between(*_SKY, min(1.0, y / (height * 0.75))))
    draw.ellipse((460, 330, 740, 610), fill=(255, 214, 120))
    draw.polygon([(0, 600), (330, 500), (700, 610), (1200, 520), (1200, 840), (0, 840)], fill=_INK)
    _bicycle(draw, 600, 640)
    for text, y, size in (("OPEN DAY", 70, 150), ("Saturday · ten to four", 240, 56)):
        font = ImageFont.load_default(size)
        draw.text((width / 2, y), text, font=font, fill=_CREAM, anchor="mt")
    font = ImageFont.load_default(34)
    draw.text((width / 2, 775), "SPOKE & BELL", font=font, fill=_CREAM, anchor="mt")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _bicycle(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """Two wheels and a frame, its bottom bracket at ``x``, ``y``."""
    back, front, seat, head = (x - 150, y), (x + 160, y), (x - 55, y - 130), (x + 115, y - 130)
    for cx, cy in (back, front):
        draw.ellipse((cx - 95, cy - 95, cx + 95, cy + 95), outline=_CREAM, width=9)
        draw.ellipse((cx - 10, cy - 10, cx + 10, cy + 10), fill=_CREAM)
    frame = [back, seat, (x, y), back, (x, y), head, seat, head, front]
    draw.line(frame, fill=_CREAM, width=9, joint="curve")
    draw.line([seat, (x - 65, y - 165)], fill=_CREAM, width=9)
    draw.line([(x - 100, y - 168), (x - 35, y - 168)], fill=_CREAM, width=14)
    draw.line([head, (x + 105, y - 175), (x + 160, y - 185)], fill=_CREAM, width=9)


def _between(
    one: tuple[int, int, int], other: tuple[int, int, int], part: float
) -> tuple[int, ...]:
    return tuple(round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
