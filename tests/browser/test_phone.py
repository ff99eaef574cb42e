"""The page on a phone: one thing at a time, nothing wider than the screen, fingers only."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Open
from tests.browser.test_files import photo
from tests.browser.window import Window, fresh
from tests.live.people import People

pytestmark = pytest.mark.browser

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
FINGER_PX = 40


def fits(phone: Window) -> bool:
    """Whether nothing sticks out at the side."""
    width = "document.documentElement.scrollWidth"
    return bool(phone.page.evaluate(f"{width} <= 390 && innerWidth === 390"))


def in_reach(button: Locator) -> bool:
    """Whether a finger hits it."""
    box = button.bounding_box()
    return box is not None and min(box["width"], box["height"]) >= FINGER_PX


def test_a_conversation_on_a_phone(window: Open, people: People, tmp_path: Path) -> None:
    """List, then conversation, then back; writing, a toolbar by touch, a picture, details."""
    [ben] = people("ben")
    phone = window(**PHONE)
    phone.get("show-signup").tap()
    phone.sign_up(fresh("alice"), "Alice")
    assert fits(phone)
    phone.get("tab-people").tap()
    phone.get("search").fill(ben.username)
    phone.get(f"person-{ben.username}").tap()
    expect(phone.get("composer")).to_be_visible()
    expect(phone.get("conversation-list")).to_be_hidden()
    phone.get("composer").fill("A long word: " + "x" * 300)
    assert in_reach(phone.get("send"))
    assert in_reach(phone.get("attach"))
    phone.get("send").tap()
    expect(phone.get("message")).to_have_count(1)
    assert fits(phone)
    phone.get("message").tap()
    phone.get("reply-button").tap()
    phone.attach(photo(tmp_path / "wide.png", 1_200, 300))
    expect(phone.get("upload-item")).to_have_attribute("data-state", "done")
    phone.get("composer").fill("And a wide picture")
    phone.get("send").tap()
    picture = phone.message("And a wide picture").get_by_test_id("image-preview")
    expect(picture.locator("img")).to_be_visible()
    assert fits(phone)
    picture.tap()
    expect(phone.get("lightbox-image")).to_be_in_viewport(ratio=1)
    phone.get("lightbox-close").tap()
    phone.get("details").tap()
    expect(phone.get("profile-name")).to_have_text("Ben")
    assert fits(phone)
    phone.get("close-details").tap()
    expect(phone.get("composer")).to_be_in_viewport(ratio=1)
    assert in_reach(phone.get("back"))
    phone.get("back").tap()
    expect(phone.get("conversation-list")).to_be_visible()
    expect(phone.get("composer")).to_have_count(0)
    expect(phone.preview("Ben")).to_have_text("And a wide picture")
    assert in_reach(phone.row("Ben"))
    assert fits(phone)
