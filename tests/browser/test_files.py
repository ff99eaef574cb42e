"""Pictures and files: chosen, dropped, on their way, and seen at the other end."""

import base64
from pathlib import Path
from random import Random

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.cable import Cable
from tests.browser.conftest import Open
from tests.browser.window import Window, fresh
from tests.live.people import People

pytestmark = pytest.mark.browser

DROP = """([type, name, content]) => {
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name, { type }));
    const options = { dataTransfer, bubbles: true, cancelable: true };
    const target = document.querySelector("[data-testid=timeline]");
    for (const event of ["dragenter", "dragover", "drop"])
        target.dispatchEvent(new DragEvent(event, options));
}"""


def photo(path: Path, width: int, height: int) -> Path:
    """A picture of noise, which nothing compresses."""
    noise = Random(7).randbytes(3 * width * height)
    Image.frombytes("RGB", (width, height), noise).save(path, compress_level=0)
    return path


def drop(where: Window, path: Path, media_type: str) -> None:
    """Drop a file on the open conversation, as from a folder."""
    content = base64.b64encode(path.read_bytes()).decode()
    where.page.evaluate(DROP, [media_type, path.name, content])


def shows_pixels(image: Locator) -> None:
    """The picture is there: decoded, with a size, and not blank."""
    expect(image).to_be_visible()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
    assert image.evaluate(COLOURS) > 100


COLOURS = """(image) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 32;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 32, 32);
    const { data } = context.getImageData(0, 0, 32, 32);
    return new Set(new Uint32Array(data.buffer)).size;
}"""


def test_a_picture_goes_up_and_is_seen(
    window: Open, people: People, cable: Cable, tmp_path: Path
) -> None:
    """Progress shows while it goes; both see its pixels, small in the timeline and then large."""
    [ben] = people("bob")
    alice, bob = window(cable.url), window()
    a = fresh("alice")
    alice.sign_up(a, "Alice")
    alice.meet(ben.username)
    bob.log_in(ben.username)
    bob.meet(a)
    with cable.held("up"):
        drop(alice, photo(tmp_path / "garden.png", 1_600, 1_200), "image/png")
        item, bar = alice.get("upload-item"), alice.get("upload-progress")
        expect(item).to_have_attribute("data-state", "uploading")
        expect(bar).to_be_visible()
        expect(bar).not_to_have_js_property("value", 0)
        assert bar.evaluate("(bar) => bar.value") < 1
        expect(alice.get("send")).to_be_disabled()
    expect(item).to_have_attribute("data-state", "done")
    alice.say("Our garden")
    expect(alice.get("upload-item")).to_have_count(0)
    for one in (alice, bob):
        message = one.message("Our garden")
        shows_pixels(message.get_by_test_id("image-preview").locator("img"))
    bob.message("Our garden").get_by_test_id("image-preview").click()
    large = bob.get("lightbox-image")
    expect(large).to_have_js_property("naturalWidth", 1_600)
    shows_pixels(large)
    bob.page.keyboard.press("Escape")
    expect(bob.get("lightbox")).to_have_count(0)


def test_files_are_told_by_what_they_are(window: Open, people: People, tmp_path: Path) -> None:
    """A page named as a picture is a file to download; one that is taken out isn't sent."""
    [ben] = people("bob")
    alice = window()
    alice.sign_up(fresh("alice"), "Alice")
    alice.meet(ben.username)
    (tmp_path / "cat.png").write_text("<!doctype html><script>alert(1)</script>")
    (tmp_path / "notes.txt").write_text("Things to do\n")
    (tmp_path / "wrong.txt").write_text("Not this one\n")
    alice.attach(tmp_path / "cat.png", tmp_path / "notes.txt", tmp_path / "wrong.txt")
    alice.get("upload-item").filter(has_text="wrong.txt").get_by_test_id("upload-remove").click()
    expect(alice.get("upload-item")).to_have_count(2)
    expect(alice.get("send")).to_be_enabled()
    alice.get("send").click()
    sent = alice.get("message")
    expect(sent).to_have_attribute("data-status", "sent")
    expect(sent.get_by_test_id("file")).to_contain_text(["cat.png", "notes.txt"])
    expect(sent.get_by_test_id("image-preview")).to_have_count(0)
    with alice.page.expect_download() as download:
        sent.get_by_test_id("file").filter(has_text="notes.txt").click()
    assert download.value.suggested_filename == "notes.txt"
    assert download.value.path().read_text() == "Things to do\n"
