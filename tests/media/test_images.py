"""Images: dimensions from the header, a thumbnail without secrets, and nothing that breaks."""

import base64
import io
import random
import struct
import sys
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from chatcore.errors import MissingExtra, TooLarge
from chatcore.media.images import examine

PIXELS = 32_000_000
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP")


def save(image: Image.Image, kind: str = "PNG", **options) -> io.BytesIO:
    """An image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    buffer.seek(0)
    return buffer


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """An image that compresses badly, the same every time."""
    raw = random.Random(7).randbytes(width * height * len(mode))
    return Image.frombytes(mode, (width, height), raw)


def opened(thumbnail: bytes) -> Image.Image:
    """The image in these bytes."""
    image = Image.open(io.BytesIO(thumbnail))
    image.load()
    return image


def png_header(width: int, height: int) -> io.BytesIO:
    """The first bytes of a PNG, and not one pixel."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    length, checksum = struct.pack(">I", 13), struct.pack(">I", zlib.crc32(chunk))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + length + chunk + checksum + bytes(3) + b"\4IDATxxxx")


def gif_header(width: int, height: int) -> io.BytesIO:
    """The first bytes of a GIF."""
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x08"
    return io.BytesIO(b"GIF89a" + struct.pack("<HH", width, height) + bytes(3) + frame)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((960, 480), (480, 240)),
        ((481, 481), (480, 480)),
        ((480, 300), (480, 300)),
        ((3, 2), (3, 2)),
        ((1, 2_000), (1, 480)),
    ],
)
def test_thumbnails_shrink_and_never_grow(kind, size, small):
    """A thumbnail has at most 480 pixels a side, in the image's proportions."""
    picture = examine(save(Image.new("RGB", size, "teal"), kind), PIXELS)
    assert (picture.width, picture.height) == size
    assert picture.thumbnail_type == "image/webp"
    thumbnail = opened(picture.thumbnail)
    assert thumbnail.format == "WEBP"
    assert thumbnail.size == small


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(300, 300), (16, 16), (300, 20), (1, 1)])
def test_placeholders_are_tiny(mode, size):
    """A placeholder is a small image of at most 600 characters, even of noise."""
    placeholder = examine(save(noise(*size, mode=mode)), PIXELS).placeholder
    head, _, data = placeholder.partition(",")
    assert head == "data:image/webp;base64"
    assert len(placeholder) <= 600
    assert max(opened(base64.b64decode(data)).size) <= 16


def marked(corner: str = "red") -> Image.Image:
    """A wide image with one corner in another colour."""
    image = Image.new("RGB", (64, 32), "white")
    image.paste(Image.new("RGB", (16, 16), corner), (0, 0))
    return image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "size", "corner"),
    [
        (1, (64, 32), (4, 4)),
        (2, (64, 32), (60, 4)),
        (3, (64, 32), (60, 28)),
        (4, (64, 32), (4, 28)),
        (5, (32, 64), (4, 4)),
        (6, (32, 64), (28, 4)),
        (7, (32, 64), (28, 60)),
        (8, (32, 64), (4, 60)),
        (9, (64, 32), (4, 4)),
    ],
)
def test_images_are_turned_upright(kind, orientation, size, corner):
    """Size and thumbnail are as the image is seen; an orientation that doesn't exist is none."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = examine(save(marked(), kind, exif=exif), PIXELS)
    assert (picture.width, picture.height) == size
    red, green, blue = opened(picture.thumbnail).convert("RGB").getpixel(corner)
    assert red > 200
    assert green < 80
    assert blue < 80


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_thumbnails_carry_no_metadata(kind):
    """Places, cameras, comments and profiles stay in the original."""
    exif = Image.Exif()
    exif[0x010E] = "SECRET-DESCRIPTION"
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}
    extra = {
        "exif": exif,
        "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    }
    if kind == "PNG":
        extra["pnginfo"] = PngImagePlugin.PngInfo()
        extra["pnginfo"].add_text("Comment", "SECRET-COMMENT")
    if kind == "JPEG":
        extra["comment"] = b"SECRET-COMMENT"
    source = save(marked(), kind, **extra)
    assert b"SECRET" in source.getvalue()
    thumbnail = examine(source, PIXELS).thumbnail
    assert b"SECRET" not in thumbnail
    assert not opened(thumbnail).getexif()
    assert not {"exif", "icc_profile", "xmp", "comment"} & set(opened(thumbnail).info)
    assert not any(mark in thumbnail for mark in (b"EXIF", b"ICCP", b"XMP "))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_can_be_shown(mode):
    """Palettes, greys, 16 bits and print colours get a thumbnail of the same brightness."""
    if mode == "I;16":
        source = save(Image.new("I;16", (600, 600), 200 * 257))
    else:
        kind = "JPEG" if mode == "CMYK" else "PNG"
        source = save(Image.new("RGB", (600, 600), (200, 200, 200)).convert(mode, dither=0), kind)
    thumbnail = opened(examine(source, PIXELS).thumbnail).convert("L")
    expected = 255 if mode == "1" else 200
    assert abs(thumbnail.getpixel((240, 240)) - expected) <= 6


@pytest.mark.parametrize("transparency", ["RGBA", "LA", "PA", "palette"])
def test_transparency_is_kept(transparency):
    """What shows through in the image shows through in its thumbnail."""
    image = Image.new("RGBA", (600, 600), (10, 200, 10, 0))
    if transparency == "palette":
        source = save(image.convert("P"), "GIF", transparency=0)
    else:
        source = save(image.convert("LA" if transparency == "PA" else transparency))
    thumbnail = opened(examine(source, PIXELS).thumbnail)
    assert thumbnail.mode == "RGBA"
    assert thumbnail.getpixel((240, 240))[3] == 0


def test_an_animation_is_shown_by_its_first_frame():
    """Only the first frame is decoded."""
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue", "green")]
    source = save(frames[0], "GIF", save_all=True, append_images=frames[1:])
    thumbnail = opened(examine(source, PIXELS).thumbnail)
    assert getattr(thumbnail, "n_frames", 1) == 1
    assert thumbnail.convert("RGB").getpixel((20, 20))[0] > 200


@pytest.mark.parametrize(
    "source",
    [
        png_header(65_535, 65_535),
        gif_header(65_535, 65_535),
        png_header(2**31 - 1, 2**31 - 1),
        png_header(10_000, 10_000),
        png_header(32_000_001, 1),
    ],
    ids=["png", "gif", "png as large as can be", "png of 100 megapixels", "one pixel too many"],
)
def test_too_many_pixels_are_refused_from_the_header(source):
    """A few bytes that claim to be huge are refused, though there is no pixel to decode."""
    with pytest.raises(TooLarge):
        examine(source, PIXELS)


def test_the_bound_itself_is_allowed():
    """Exactly as many pixels as the limit pass, one row more doesn't."""
    assert examine(save(Image.new("L", (100, 50))), 5_000) is not None
    with pytest.raises(TooLarge, match="5000"):
        examine(save(Image.new("L", (100, 51))), 5_000)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_image_is_no_image(kind, part):
    """A file that ends in the middle has no dimensions, and raises nothing."""
    whole = save(noise(64, 64), kind).getvalue()
    assert examine(io.BytesIO(whole), PIXELS) is not None
    assert examine(io.BytesIO(whole[: int(len(whole) * part)]), PIXELS) is None


@settings(max_examples=150)
@given(
    st.sampled_from([save(noise(24, 24), kind).getvalue() for kind in FORMATS]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
)
def test_a_damaged_image_is_a_picture_or_none(whole, damage):
    """Whatever bytes are changed, there is a picture, no picture, or too many pixels."""
    raw = bytearray(whole)
    for place, value in damage:
        raw[int(place * len(raw))] = value
    try:
        picture = examine(io.BytesIO(bytes(raw)), 1_000_000)
    except TooLarge:
        return
    assert picture is None or picture.width * picture.height <= 1_000_000


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"P6 9 9 255 x"],
    ids=["empty", "html", "signature", "postscript", "netpbm"],
)
def test_other_files_are_no_images(content):
    """What isn't one of the formats for chats isn't opened, whatever the library could do."""
    assert examine(io.BytesIO(content), PIXELS) is None


def test_a_jpeg_of_endless_scans_is_not_decoded():
    """A progressive JPEG with hundreds of empty passes isn't worth the decoder's hour."""
    whole = save(noise(64, 64), "JPEG", progressive=True).getvalue()
    start = whole.index(b"\xff\xda")
    scan = whole[start : whole.index(b"\xff\xda", start + 2)]
    scan = scan[: next(i for i in range(2, len(scan)) if scan[i] == 0xFF and scan[i + 1] != 0)]
    assert examine(io.BytesIO(whole), PIXELS) is not None
    assert examine(io.BytesIO(whole[:start] + scan * 100 + whole[start:]), PIXELS) is None


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_metadata_does_not_cost_the_picture():
    """An image whose Exif is nonsense is shown as it lies."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 20
    picture = examine(save(marked(), "JPEG", exif=exif), PIXELS)
    assert (picture.width, picture.height) == (64, 32)


def test_without_the_extra_it_says_so(monkeypatch):
    """A missing library is named, with the way to install it."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtra, match=r"chatcore\[media\]"):
        examine(io.BytesIO(b""), PIXELS)
