"""The pictures in the documentation, taken of the demo's sample.

python -m tests.browser.pictures docs/images
"""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import URL

from chatcore.cli import sample
from chatcore.cli.story import PASSWORD
from tests.browser.conftest import QUIET
from tests.live.process import serving
from tests.requirements import CHROMIUM

DESK = {"viewport": {"width": 760, "height": 860}, "device_scale_factor": 2}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
GAP = 48
CORNER = 20
"""Between two windows, and of each, in the pixels of the shots."""
BACKGROUND = (214, 220, 230)
GROUP = "Spoke & Bell"


def main(folder: str) -> None:
    """Take them all."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as data, served(Path(data)) as url, browser() as chromium:
        two = side_by_side(*two_windows(chromium, url, color_scheme="light"))
        save(two, target / "demo.png", width=1_400)
        save(one_window(chromium, url, color_scheme="dark"), target / "demo-dark.png", width=1_400)
        save(on_a_phone(chromium, url), target / "demo-phone.png", width=780)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The demo with its sample; where it is."""
    database = URL.create("sqlite", database=str(folder / "chat.db"))
    anyio.run(sample.fill, folder, database, str(folder / "files"))
    with serving(folder) as server:
        yield server.url


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


def log_in(chromium: Browser, url: str, name: str, **options: Any) -> Page:
    """A window of somebody from the sample."""
    page = chromium.new_context(locale="en-GB", **options).new_page()
    page.goto(url)
    page.get_by_test_id("username").fill(name)
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("login-submit").click()
    expect(page.locator("body[data-ready]")).to_be_attached()
    return page


def open_group(page: Page) -> None:
    """Open the group, with its picture loaded."""
    page.get_by_test_id("conversation").filter(has_text=GROUP).click()
    page.mouse.move(0, 0)  # no message is pointed at, and no toolbar shows
    expect(page.get_by_test_id("image-preview").locator("img")).to_be_visible()


def two_windows(chromium: Browser, url: str, **options: Any) -> tuple[Image.Image, Image.Image]:
    """Two of the group in their windows, one of them writing."""
    maya, jonas = (log_in(chromium, url, name, **DESK, **options) for name in ("maya", "jonas"))
    for page in (maya, jonas):
        open_group(page)
    jonas.get_by_test_id("image-preview").scroll_into_view_if_needed()
    jonas.get_by_test_id("composer").press_sequentially("I'll bring the espresso machine")
    expect(maya.get_by_test_id("typing")).to_be_visible()
    return shot(maya), shot(jonas)


def one_window(chromium: Browser, url: str, **options: Any) -> Image.Image:
    """A wide window, with the details of the group."""
    wide = {"viewport": {"width": 1_280, "height": 800}, "device_scale_factor": 2}
    page = log_in(chromium, url, "aiko", **wide, **options)
    open_group(page)
    page.get_by_test_id("details").click()
    expect(page.get_by_test_id("member")).to_have_count(5)
    page.get_by_test_id("image-preview").scroll_into_view_if_needed()
    return shot(page)


def on_a_phone(chromium: Browser, url: str) -> Image.Image:
    """The list, and a conversation."""
    page = log_in(chromium, url, "samuel", **PHONE)
    expect(page.get_by_test_id("conversation").first).to_be_visible()
    listed = shot(page)
    open_group(page)
    return side_by_side(listed, shot(page))


def shot(page: Page) -> Image.Image:
    """What the window shows, once nothing moves any more."""
    return Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))


def side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two windows on a desk."""
    size = left.width + right.width + 3 * GAP, left.height + 2 * GAP
    desk = Image.new("RGB", size, BACKGROUND)
    for window, x in ((left, GAP), (right, left.width + 2 * GAP)):
        mask = Image.new("L", window.size)
        box = (0, 0, window.width - 1, window.height - 1)
        ImageDraw.Draw(mask).rounded_rectangle(box, CORNER, fill=255)
        desk.paste(window, (x, GAP), mask)
    return desk


def save(picture: Image.Image, path: Path, *, width: int) -> None:
    """Save it as small as it can be without looking it."""
    height = round(picture.height * width / picture.width)
    smaller = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    smaller.save(path, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
