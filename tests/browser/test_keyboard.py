"""Everything that a mouse does, done with the keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.window import Window
from tests.live.people import PASSWORD, People

pytestmark = pytest.mark.browser

FAR = 40
"""So many times Tab, and one should have come round."""


def press(one: Window, *keys: str) -> None:
    """Press these, one after the other."""
    for key in keys:
        one.page.keyboard.press(key)


def tab_to(one: Window, testid: str, key: str = "Tab") -> None:
    """Press Tab until the focus is there."""
    focused = one.page.locator(":focus")
    for _ in range(FAR):
        if focused.count() and focused.get_attribute("data-testid") == testid:
            return
        press(one, key)
    pytest.fail(f"Tab never comes to {testid}")


def log_in(one: Window, username: str) -> None:
    """Type, Tab, type, Enter: the first field has the focus from the start."""
    expect(one.get("username")).to_be_focused()
    one.page.keyboard.type(username)
    press(one, "Tab")
    one.page.keyboard.type(PASSWORD)
    press(one, "Enter")
    one.be_ready()


def test_talking_by_keyboard(window: Open, people: People) -> None:
    """Log in, find somebody, write, correct it, react to it, and close the conversation."""
    ann, ben = people("ann", "ben")
    alice = window()
    log_in(alice, ann.username)
    tab_to(alice, "tab-people")
    press(alice, "Enter")
    tab_to(alice, "search")
    alice.page.keyboard.type(ben.username)
    expect(alice.get(f"person-{ben.username}")).to_be_visible()
    tab_to(alice, f"person-{ben.username}")
    press(alice, "Enter")
    expect(alice.get("composer")).to_be_focused()
    alice.page.keyboard.type("Two")
    press(alice, "Shift+Enter")
    alice.page.keyboard.type("lines")
    press(alice, "Enter")
    expect(alice.bodies).to_have_text(["Two\nlines"], use_inner_text=True)
    expect(alice.get("message")).to_have_attribute("data-status", "sent")
    press(alice, "ArrowUp")
    expect(alice.get("cancel-about")).to_be_visible()
    press(alice, "Control+A")
    alice.page.keyboard.type("One line")
    press(alice, "Enter")
    expect(alice.bodies).to_have_text(["One line"])
    expect(alice.get("edited")).to_be_visible()
    tab_to(alice, "timeline", "Shift+Tab")
    press(alice, "ArrowUp")
    expect(alice.get("message")).to_be_focused()
    tab_to(alice, "react-button")
    press(alice, "Enter", "ArrowRight", "Enter")
    expect(alice.get("reaction")).to_have_attribute("data-key", "❤️")
    expect(alice.get("react-button")).to_be_focused()
    tab_to(alice, "reply-button")
    press(alice, "Enter")
    expect(alice.get("composer")).to_be_focused()
    press(alice, "Escape")
    expect(alice.get("cancel-about")).to_be_hidden()
    press(alice, "Escape")
    expect(alice.get("composer")).to_have_count(0)


def test_choosing_by_arrow_keys(window: Open, people: People) -> None:
    """Arrow keys move in the list; Enter opens, Escape closes a dialog and gives the focus back."""
    ann, ben, cleo = people("ann", "ben", "cleo")
    for other in (ben, cleo):
        other.send(other.direct(ann), f"I am {other.username}")
    alice = window()
    log_in(alice, ann.username)
    expect(alice.get("conversation")).to_have_count(2)
    tab_to(alice, "search")
    press(alice, "ArrowDown")
    expect(alice.row("Cleo")).to_be_focused()
    press(alice, "ArrowDown")
    expect(alice.row("Ben")).to_be_focused()
    press(alice, "Home")
    expect(alice.row("Cleo")).to_be_focused()
    press(alice, "End", "Enter")
    expect(alice.get("conversation-title")).to_have_text("Ben")
    expect(alice.get("composer")).to_be_focused()
    tab_to(alice, "details", "Shift+Tab")
    press(alice, "Enter")
    expect(alice.get("profile-name")).to_have_text("Ben")
    press(alice, "Escape")
    expect(alice.get("details-panel")).to_have_count(0)
    tab_to(alice, "account", "Shift+Tab")
    press(alice, "Enter")
    expect(alice.get("account-dialog")).to_be_visible()
    press(alice, "Escape")
    expect(alice.get("account-dialog")).to_have_count(0)
    expect(alice.get("account")).to_be_focused()
